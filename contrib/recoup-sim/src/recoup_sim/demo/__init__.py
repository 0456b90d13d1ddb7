"""``recoup demo``: one bot, one fault plan, run with a plain retry and guarded by recoup."""

from recoup_sim.demo.command import DemoCommand

__all__ = ["DemoCommand"]
