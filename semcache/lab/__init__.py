"""What the lessons stand on: connect(), the offline API, prices, traffic, a Redis of one's own."""
