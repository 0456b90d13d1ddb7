"""From registered plugins to flat, typed hook calls."""
