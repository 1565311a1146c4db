"""What `./run` and `./test` start besides the product. The product never imports anything from here."""
