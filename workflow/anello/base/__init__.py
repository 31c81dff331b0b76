"""What every room needs: files written whole or not at all, logs, progress."""
