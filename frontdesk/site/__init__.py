"""What the front desk shows to browsers: demo clinic page, embed page, widget files."""
