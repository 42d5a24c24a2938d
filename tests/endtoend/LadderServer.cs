using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Ingest.Client;
using Broadcast.Testing;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>A server whose channels have a ladder, encoded with the processor from the start on: nothing has to be proved first.</summary>
public class LadderServer : IAsyncLifetime
{
    private readonly Dictionary<string, Task<LadderView>> _views = new(StringComparer.Ordinal);
    private string _token = "";

    public BroadcastServer Server { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        Server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?> { ["BROADCAST__Encoding__Encoder"] = "x264" });
        _token = await Server.CreateTokenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ((Task)Task.WhenAll(_views.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>What viewers of a channel have when its broadcast is over.</summary>
    internal Task<LadderView> ViewAsync(string channel) => _views[channel];

    /// <summary>Begins a broadcast, beside the others.</summary>
    /// <param name="channel">Its channel.</param>
    /// <param name="broadcast">The broadcast.</param>
    internal void Begin(string channel, Func<string, Task<LadderView>> broadcast) => _views.Add(channel, broadcast(channel));

    /// <summary>An encoder sends some tags; the session ends with it.</summary>
    internal async Task<LadderView> PlayAsync(string channel, IEnumerable<FlvTag> tags)
    {
        await Playout.SendAsync(await OpenAsync(channel, 0), tags);
        return await LadderView.ReadAsync(Server, channel, "240p");
    }

    /// <summary>Makes a channel.</summary>
    /// <param name="channel">Its name.</param>
    /// <param name="window">Its reconnect window, in seconds.</param>
    /// <returns>Where to publish.</returns>
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
