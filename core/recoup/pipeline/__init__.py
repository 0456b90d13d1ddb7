"""Policies in an order, compiled into one function."""
