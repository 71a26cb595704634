"""For The Littlest JupyterHub: what a learner's server gets besides its limits."""

c = get_config()  # noqa: F821 - JupyterHub defines it where it reads this file

# The course lies where only root writes, so progress goes to the learner's home.
c.Spawner.environment = {"COURSE_FOLDER": "~/.course"}

# Two thousand threads in notebook 02's panel, and ten thousand connections in notebook 03.
c.SystemdSpawner.unit_extra_properties = {"TasksMax": "8192", "LimitNOFILE": "65536"}
