def handle(request, context):
    """Greets whoever the JSON body or the query names."""
    given = request.json() or request.query
    return {"message": f"Hello, {given.get('name', 'world')}!"}
