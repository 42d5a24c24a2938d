using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Publisher;
using Broadcast.Testing;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A server whose channels have a ladder, encoded in software from the start, without probing of encoders.</summary>
public class LadderServer : IAsyncLifetime
{
    private readonly Dictionary<string, Task<LadderView>> _views = new(StringComparer.Ordinal);
    private string _token = "";

    public BroadcastServer Server { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Server =
            await BroadcastServer.StartAsync(environment: new Dictionary<string, string?> { ["BROADCAST__Encoding__Encoder"] = "x264" });
        _token = Server.AdminToken;
    }

    public async ValueTask DisposeAsync()
    {
        await ((Task)Task.WhenAll(_views.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns the viewers' content of a channel after the end of its broadcast.</summary>
    internal Task<LadderView> ViewAsync(string channel) => _views[channel];

    /// <summary>Starts a broadcast in parallel with the others.</summary>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="broadcast">Runs the broadcast.</param>
    internal void Begin(string channel, Func<string, Task<LadderView>> broadcast) => _views.Add(channel, broadcast(channel));

    /// <summary>Publishes some tags; the session ends with the encoder's connection.</summary>
    internal async Task<LadderView> PlayAsync(string channel, IEnumerable<FlvTag> tags)
    {
        await ScriptedEncoder.SendAsync(await OpenAsync(channel, 0), tags);
        return await LadderView.ReadAsync(Server, channel, "240p");
    }

    /// <summary>Creates a channel.</summary>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="window">Reconnect window in seconds.</param>
    /// <returns>Publish address.</returns>
    internal async Task<string> OpenAsync(string channel, int window)
    {
        using var answer = await AskAsync("channels", new { name = channel, ladder = "auto", reconnectWindowSeconds = window });
        var created = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return $"{Server.Rtmp}/live/{created.GetProperty("streamKey").GetString()}";
    }

    /// <summary>Ends a channel's session.</summary>
    internal async Task EndAsync(string channel) => (await AskAsync($"channels/{channel}/end", new { })).Dispose();

    private async Task<HttpResponseMessage> AskAsync(string what, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/{what}") { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return (await Server.Client.SendAsync(request)).EnsureSuccessStatusCode();
    }
}
