using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>A server with a live channel whose chat is on, its private PostgreSQL, and Varnish in front.</summary>
internal sealed class ChatUnderTest : IAsyncDisposable
{
    /// <summary>Name of the channel.</summary>
    public const string Channel = "chat";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    // The limits are per address, and all writers have the same.
    private static readonly Dictionary<string, string?> Options =
        new(VarnishEdge.Options.Concat(ClusterBenchmark.Options), StringComparer.Ordinal)
        {
            ["BROADCAST__Chat__MessagesPerMinutePerClient"] = "100000",
            ["BROADCAST__Chat__JoinsPerMinutePerClient"] = "100000",
            ["BROADCAST__Chat__MessagesPerMinute"] = "600",
        };

    private readonly ChildProcess _encoder;

    private ChatUnderTest(BroadcastServer server, VarnishEdge edge, ChildProcess encoder) =>
        (Server, Edge, _encoder, Postmaster) = (server, edge, encoder, DatabaseMeter.PostmasterOf(server.Data));

    /// <summary>The server.</summary>
    public BroadcastServer Server { get; }

    /// <summary>Varnish.</summary>
    public VarnishEdge Edge { get; }

    /// <summary>Process of PostgreSQL.</summary>
    public int Postmaster { get; }

    /// <summary>Starts everything, and waits until the chat can be read.</summary>
    /// <param name="folder">Folder for the list of addresses.</param>
    /// <param name="source">Source of the encoder.</param>
    public static async Task<ChatUnderTest> StartAsync(string folder, SourceFile source)
    {
        var server = await BroadcastServer.StartAsync(environment: Options);
        var (edge, encoder) = (default(VarnishEdge), default(ChildProcess));
        try
        {
            edge = await VarnishEdge.StartAsync(server.Http);
            var channel = await server.AddChannelAsync(Channel, new { record = false });
            using var changed = await server.Api.PatchAsJsonAsync($"/api/v1/channels/{Channel}/chat", new { enabled = true });
            changed.EnsureSuccessStatusCode();
            var addresses = Path.Combine(folder, "chat-addresses");
            await File.WriteAllTextAsync(addresses, server.PublishUrl(channel));
            encoder = ChildProcess.Start("dotnet", [Repository.ServerProgram(), "load", "publish", "--file", source.Path, "--urls",
                addresses, "--seconds", "86400", "--json"]);
            await Poll.UntilAsync(async () => (await server.Client.GetAsync(new Uri(edge.Http, $"/live/{Channel}/chat.json")))
                .IsSuccessStatusCode, StartTimeout, "the chat can be read");
            return new(server, edge, encoder);
        }
        catch
        {
            await (encoder?.DisposeAsync() ?? default);
            await (edge?.DisposeAsync() ?? default);
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Does an action of a moderator.</summary>
    public async Task ActAsync(object action)
    {
        using var answer = await Server.Api.PostAsJsonAsync($"/api/v1/channels/{Channel}/chat/actions", action);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    /// <summary>Returns the current session.</summary>
    public async Task<string> SessionAsync()
    {
        var list = await Server.Client.GetFromJsonAsync<JsonElement>($"/live/{Channel}/chat.json");
        return list.GetProperty("session").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        await _encoder.DisposeAsync();
        await Edge.DisposeAsync();
        await Server.DisposeAsync();
    }
}
