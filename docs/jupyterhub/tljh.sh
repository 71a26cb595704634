#!/usr/bin/env bash
# The Littlest JupyterHub: installs the course for everyone on its server.
#
#   sudo bash tljh.sh https://github.com/OWNER/REPO
#
# Run it again for a newer version of the course. docs/classroom.md explains each part.
set -eu

repository="${1:?give the address of a repository with the course}"
course=/opt/async-vs-threads
environment=/opt/tljh/user
here="$(cd "$(dirname "$0")" && pwd)"

if [ -d "$course/.git" ]; then
  git -C "$course" pull --ff-only
else
  git clone --depth 1 "$repository" "$course"
fi

# Learners read it, and only root writes it: so it is compiled here.
"$environment/bin/python" -m pip install --no-cache-dir --editable "$course"
"$environment/bin/python" -m compileall -q "$course/helpers"

share="$environment/share/jupyter"
mkdir -p "$share/lab/settings" "$share/labextensions"
cp "$course/labconfig/default_setting_overrides.json" "$share/lab/settings/overrides.json"
cp -r "$course/labconfig/labextensions/." "$share/labextensions/"

install -D --mode 644 "$here/tljh_course.py" /opt/tljh/config/jupyterhub_config.d/course.py
tljh-config set user_environment.default_app jupyterlab
tljh-config set limits.memory 2G
tljh-config set limits.cpu 2
tljh-config reload
