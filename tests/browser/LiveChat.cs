using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// A server with one live channel whose chat has everything that pages show: messages, a poll, questions, a pinned message, a message that
/// waits for review, and a ban.
/// </summary>
public sealed class LiveChat : IAsyncLifetime
{
    internal const string Channel = "show";
    internal const string Pinned = "Doors open at eight.";

    private const string User = "jane";
    private const string Password = "correct horse battery";

    private ChildProcess? _encoder;

    /// <summary>The server.</summary>
    public BroadcastServer Server { get; private set; } = null!;

    /// <summary>Path of the channel's API.</summary>
    private static string Root => $"/api/v1/channels/{Channel}/chat";

    public async ValueTask InitializeAsync()
    {
        // The limits are per address, and all participants have the same.
        Server = await BroadcastServer.StartAsync(environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Chat__MessagesPerMinutePerClient"] = "100000",
            ["BROADCAST__Chat__JoinsPerMinutePerClient"] = "100000",
        });
        var channel = await Server.AddChannelAsync(Channel, new { title = "The show" });
        await ChangeAsync(new { enabled = true, questions = true });
        using var jane = await Server.Api.PostAsJsonAsync("/api/v1/users",
            new { name = User, displayName = "Jane", password = Password, role = "moderator" });
        jane.EnsureSuccessStatusCode();
        _encoder = FfmpegTool.Publish(Server.PublishUrl(channel), new TestSource { Frame = CountingFrame.Filter });
        await Poll.UntilAsync(async () => (await Server.Client.GetAsync(Server.Hls(Channel))).IsSuccessStatusCode, TimeSpan.FromSeconds(40),
            "the channel is live");
        await WriteAsync();
    }

    /// <summary>Signs in as a moderator of the channel, in the profile of a page of this server.</summary>
    public static Task SignInAsync(IPage page) => page.EvaluateAsync(
        """
        async ([name, password]) => {
          const body = JSON.stringify({ name, password });
          const response = await fetch('/api/v1/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
          if (!response.ok) throw new Error(`status ${response.status}`);
          localStorage.setItem('broadcast.login', '1');
        }
        """, new[] { User, Password });

    /// <summary>Joins as a guest.</summary>
    /// <returns>The token of the participant.</returns>
    public async Task<string> JoinAsync(string name)
    {
        using var joined = await Server.Client.PostAsJsonAsync($"/chat/{Channel}/join", new { name });
        return (await ReadAsync(joined)).GetProperty("token").GetString()!;
    }

    /// <summary>Sends a message, a question or a vote.</summary>
    /// <returns>The response.</returns>
    public async Task<JsonElement> SendAsync(string token, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/chat/{Channel}/{path}") { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new("Bearer", token);
        using var answer = await Server.Client.SendAsync(request);
        return await ReadAsync(answer);
    }

    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
        {
            await _encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        var (ada, bob, troll) = (await JoinAsync("Ada"), await JoinAsync("Боб"), await JoinAsync("Troll"));
        var first = IdOf(await SendAsync(ada, "messages", new { text = "Hello from Zürich 👋" }));
        await SendAsync(bob, "messages", new { text = "שלום לכולם", replyTo = first });
        await SendAsync(ada, "messages", new { text = $"@Jane a long word: {new string('w', 80)}" });
        var pinned = IdOf(await SendAsync(bob, "messages", new { text = Pinned }));
        var insult = IdOf(await SendAsync(troll, "messages", new { text = "Something to remove." }));
        await ActAsync(new { action = "announce", text = "We begin in five minutes." });
        await ActAsync(new { action = "pin", message = pinned });
        await ActAsync(new { action = "ban", message = insult, reason = "Insults" });
        using var poll = await Server.Api.PostAsJsonAsync($"{Root}/polls", new { question = "Encore?", options = new[] { "Yes", "No" } });
        await SendAsync(ada, "votes", new { poll = IdOf(await ReadAsync(poll)), choice = 0 });
        await SendAsync(ada, "questions", new { text = "Who wrote this song?" });
        await SendAsync(bob, "questions", new { text = "Will there be a recording?" });
        var asked = await Server.Api.GetFromJsonAsync<JsonElement>($"{Root}/questions");
        using var picked = await Server.Api.PatchAsJsonAsync($"{Root}/questions/{IdOf(asked[0])}", new { state = "picked" });
        picked.EnsureSuccessStatusCode();
        await ChangeAsync(new { holdAll = true, slowSeconds = 1 });
        await SendAsync(await JoinAsync("Eve"), "messages", new { text = "This one waits for review." });
    }

    private async Task ChangeAsync(object change)
    {
        using var changed = await Server.Api.PatchAsJsonAsync(Root, change);
        changed.EnsureSuccessStatusCode();
    }

    private async Task ActAsync(object action)
    {
        using var done = await Server.Api.PostAsJsonAsync($"{Root}/actions", action);
        await ReadAsync(done);
    }

    private static string IdOf(JsonElement item) => item.GetProperty("id").GetString()!;

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer) => answer.IsSuccessStatusCode
        ? await answer.Content.ReadFromJsonAsync<JsonElement>()
        : throw new InvalidOperationException($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
}
