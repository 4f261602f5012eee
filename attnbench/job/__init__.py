"""One point of a grid: a config in, a record out. A job that trains never knows that it is part of a sweep."""
