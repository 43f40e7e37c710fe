"""Where everything of one scope lies: folders, socket, names of instances. Below all that uses it."""
