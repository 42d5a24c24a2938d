using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Occupants of a MUC room (XEP-0045). The first ones also write.</summary>
/// <param name="address">Address of the server's WebSocket.</param>
/// <param name="room">Address of the room, such as <c>room@muc.bench</c>; its users are those of the domain after the first dot.</param>
/// <param name="readers">Number of occupants.</param>
/// <param name="deliveries">Receives the figures.</param>
internal sealed class XmppClients(Uri address, string room, int readers, ChatDeliveries deliveries) : IChatClients
{
    private const int ConnectTogether = 10;
    private readonly List<XmppClient> _clients = [];

    public async Task ConnectAsync()
    {
        var domain = room[(room.IndexOf('.', StringComparison.Ordinal) + 1)..];
        while (_clients.Count < readers)
        {
            var group = Enumerable.Range(_clients.Count, Math.Min(ConnectTogether, readers - _clients.Count))
                .Select(i => new XmppClient(domain, room, string.Create(CultureInfo.InvariantCulture, $"reader-{i}"), deliveries)).ToList();
            _clients.AddRange(group);
            await Task.WhenAll(group.Select(client => client.JoinAsync(address)));
        }
    }

    public Task SendAsync(int writer, string text) => _clients[writer % _clients.Count].SendAsync(text);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }
}
