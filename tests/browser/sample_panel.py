# A control panel in little, to prove the page object on; its text is a notebook's
# only cell. Built as the course's are: the work is in a process of its own, a thread
# reads what it says, and every change of a widget hops to the kernel's main loop.
import contextvars
import subprocess
import sys
import threading

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

WORKER = """
import os, sys, threading, time
def watch(): sys.stdin.read(); os._exit(0)       # the kernel is gone
threading.Thread(target=watch, daemon=True).start()
for i in range(int(sys.argv[1])):
    time.sleep(float(sys.argv[2]) / 1000)
    print(i + 1, flush=True)
"""
loop = get_ipython().kernel.io_loop.asyncio_loop
context = contextvars.copy_context()  # of this cell: ipykernel 7.0 needs it


def named(widget, *names):
    for name in names:
        widget.add_class(f"cav-{name}")
    return widget


tasks = named(widgets.BoundedIntText(5, 1, 5000, description="Tasks"), "tasks")
size = named(widgets.BoundedIntText(10, 1, 1000, description="ms each"), "size")
said = named(widgets.FloatText(0, description="You say, s"), "said")
preset = named(widgets.Dropdown(options=["Few", "Many"], description="Preset"), "preset")
threads = named(widgets.Checkbox(False, description="threads"), "model-threads")
run = named(widgets.Button(description="Run", button_style="primary"), "run")
stop = named(widgets.Button(description="Stop", disabled=True), "stop")
reset = named(widgets.Button(description="Reset"), "reset")
status = named(widgets.HTML("idle"), "status")
verdict = named(widgets.HTML(), "verdict")
figure = named(widgets.HTML(), "figure")
state = {"process": None, "stopped": False}


def post(function, *values):
    loop.call_soon_threadsafe(function, *values, context=context)


def show(how, done):
    status.value = how
    run.disabled, stop.disabled = how.startswith("running"), not how.startswith("running")
    if how == "done":
        bars = "".join(f'<rect x="{9 * i}" width="7" height="40"/>' for i in range(done))
        figure.value = f'<svg role="img" width="{9 * done}" height="40">{bars}</svg>'
        model = "threads" if threads.value else "asyncio"
        verdict.value = f"{done} {model} tasks; you said {said.value:g} s"


def read(process):
    done = 0
    for line in process.stdout:
        done = int(line)
        post(show, f"running {done} in process {process.pid}", done)
    process.wait()
    post(show, "stopped" if state["stopped"] else "done", done)


def start(_):
    command = [sys.executable, "-c", WORKER, str(tasks.value), str(size.value)]
    state["stopped"] = False
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    state["process"] = process
    threading.Thread(target=read, args=(process,), daemon=True).start()


def end(_):
    state["stopped"] = True
    state["process"].kill()


def clear(_):
    post(setattr, figure, "value", "")
    post(setattr, status, "value", "idle")


def preset_chosen(change):
    post(setattr, tasks, "value", 2000 if change["new"] == "Many" else 5)


run.on_click(start)
stop.on_click(end)
reset.on_click(clear)
preset.observe(preset_chosen, "value")
buttons = widgets.HBox([run, stop, reset, status])
display(widgets.VBox([preset, tasks, size, said, threads, buttons, verdict, figure]))
