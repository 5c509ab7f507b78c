"""Kernels that start warm: forked from a process that has imported everything, and reached without ZeroMQ.

What executes the cells is ipykernel's own kernel and shell, and what puts their messages into a notebook is
nbclient; only the way between the two is another, and how the process begins. So what a notebook shows does
not depend on which way it was executed.

    server         started by whoever runs notebooks; imports, forks, and runs nothing of a notebook
      ├─ lane      a fork that runs one kernel at a time, and sees to it that nothing of it is left
      │    └─ kernel
      └─ worker    for a sweep: a fork that drives the kernels of a lane, one notebook after the other
           └─ lane
                └─ kernel
"""
