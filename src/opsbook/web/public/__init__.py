"""The page for the public: states, days and what was told of incidents, under the names that the
book gives to the public → HTML and JSON. Nothing else of the platform comes out here.
"""
