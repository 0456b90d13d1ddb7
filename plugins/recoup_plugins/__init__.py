"""The plugins that ship with recoup; each is one module or package, and uses recoup's public names only."""
