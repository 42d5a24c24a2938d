using System.Net;
using System.Net.Sockets;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Testing;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>
/// Memory of unauthorized connections. Runs alone, because the memory of the whole process is measured, including the client sockets.
/// </summary>
[Collection(nameof(ExclusiveCollection))]
public sealed class ConnectionMemoryTests(ITestOutputHelper output)
{
    private const int Connections = 400;
    private const int Most = 16 * 1024;

    [Fact]
    public async Task H01_silent_connection_uses_less_than_16_KiB() => (await CostAsync([])).ShouldBeLessThan(Most);

    [Fact]
    public async Task H02_connection_with_a_slow_handshake_uses_less_than_16_KiB() =>
    (await CostAsync(Wire.Handshake()[..1000])).ShouldBeLessThan(Most);

    [Fact]
    public async Task H02_connection_that_stops_within_its_first_command_uses_less_than_16_KiB() =>
        (await CostAsync(Wire.Opening()[..(1 + (2 * 1536) + 5)])).ShouldBeLessThan(Most);

    /// <summary>
    /// Measures managed memory per connection at a protocol stage. Other allocations of the process can interfere, so excessive values are
    /// measured again, up to twice.
    /// </summary>
    private async Task<long> CostAsync(byte[] said)
    {
        var cost = long.MaxValue;
        for (var round = 0; round < 3 && cost >= Most; round++)
        {
            cost = Math.Min(cost, await MeasureAsync(said));
        }

        return cost;
    }

    private async Task<long> MeasureAsync(byte[] said)
    {
        await using var server = await IngestServer.StartAsync(
            LogLevel.Warning, ("MaxUnpublishedConnectionsPerAddress", "10000"), ("MaxUnpublishedConnections", "10000"),
            ("HandshakeTimeout", "00:01:00"), ("PublishTimeout", "00:05:00"));
        var clients = new List<Socket>(Connections);
        try
        {
            // The same number of silent connections first allocates one-time structures, but no buffers that the others could reuse.
            await SayAsync(server, clients, Connections, []);
            clients.ForEach(client => client.Dispose());
            clients.Clear();
            await Poll.UntilAsync(() => server.Waiting == 0);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await SayAsync(server, clients, Connections, said);
            var cost = (GC.GetTotalMemory(forceFullCollection: true) - before) / Connections;
            output.WriteLine($"{said.Length} bytes said: {cost} bytes held");
            server.Waiting.ShouldBe(Connections);
            return cost;
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task SayAsync(IngestServer server, List<Socket> clients, int count, byte[] said)
    {
        for (var i = 0; i < count; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            clients.Add(client);
            client.Connect(IPAddress.Loopback, server.Port);
            client.Send(said);
        }

        var all = clients.Count;
        await Poll.UntilAsync(() => server.Waiting == all);

        // One thread reads all connections in turn: when a later one has its response, the data of earlier ones has been read.
        var asked = server.Authority.Asked.Count;
        using var last = await RawClient.ConnectAsync(server);
        await last.TrySendAsync(Wire.Opening("bad"));
        await Poll.UntilAsync(() => server.Authority.Asked.Count > asked);
        await Poll.UntilAsync(() => server.Waiting == all);
    }
}
