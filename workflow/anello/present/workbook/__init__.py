"""A run's results as one Excel workbook: `anello.present.workbook.write.write_workbook`."""
