using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Takes part in the chat on the watch page of a browser engine: the page shows a message of another viewer, sends one, and votes in a
/// poll.
/// </summary>
/// <param name="server">Server of the channel.</param>
/// <param name="channel">Name of the channel, which is live.</param>
/// <param name="engine">Browser in which the watch page is open.</param>
internal sealed class EngineChat(BroadcastServer server, string channel, BrowserEngine engine)
{
    /// <summary>Deadline of one step. A message is shown when the page plays what its sender was watching.</summary>
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(60);

    private const string Join = """
        const name = document.querySelector('.chat-form input[autocomplete=nickname]');
        if (name.form.hidden) return 'joined';
        name.value = 'Viewer';
        name.form.requestSubmit();
        return 'joining';
        """;

    private const string Vote = """
        const choice = document.querySelector('.chat-poll-choice');
        choice?.click();
        return choice === null ? 'none' : 'voted';
        """;

    private string Root => $"/api/v1/channels/{channel}/chat";

    /// <summary>Switches the chat of a channel on.</summary>
    public static async Task EnableAsync(BroadcastServer server, string channel)
    {
        using var changed = await server.Api.PatchAsJsonAsync($"/api/v1/channels/{channel}/chat", new { enabled = true });
        changed.EnsureSuccessStatusCode();
    }

    /// <summary>Does all steps in turn.</summary>
    /// <param name="round">Distinguishes the messages of a round.</param>
    /// <returns>The step that has failed; empty if none has.</returns>
    public async Task<string> TryAsync(string round)
    {
        try
        {
            var (other, own) = ($"other {round} {engine.Name}", $"own {round} {engine.Name}");
            await SendAsync(other);
            await UntilAsync(() => ShowsAsync(other), "shows a message of another viewer");
            await engine.EvaluateAsync(Join);
            await UntilAsync(async () => await engine.EvaluateAsync(Join) == "joined", "joins");
            await engine.EvaluateAsync($$"""
                const text = document.querySelector('input[aria-label=Message]');
                text.value = {{JsonSerializer.Serialize(own)}};
                text.form.requestSubmit();
                return '';
                """);
            await UntilAsync(() => ShowsAsync(own), "shows its own message");
            await UntilAsync(() => IsStoredAsync(own), "stores its message");
            var poll = await StartPollAsync();
            await UntilAsync(async () => await engine.EvaluateAsync(Vote) == "voted", "shows a poll");
            await UntilAsync(async () => await VotesAsync(poll) == 1, "votes");
            using var hidden = await server.Api.PostAsync($"{Root}/polls/{poll}/hide", null);
            hidden.EnsureSuccessStatusCode();
            return "";
        }
        catch (Exception error) when (error is TimeoutException or HttpRequestException)
        {
            return $"chat: {error.Message.Split('\n')[0]}";
        }
    }

    private Task UntilAsync(Func<Task<bool>> condition, string what) => Poll.UntilAsync(condition, StepTimeout, $"{engine.Name}: {what}");

    private async Task SendAsync(string text)
    {
        using var joined = await server.Client.PostAsJsonAsync($"/chat/{channel}/join", new { name = "Other" });
        joined.EnsureSuccessStatusCode();
        var token = (await joined.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/chat/{channel}/messages");
        request.Content = JsonContent.Create(new { text });
        request.Headers.Authorization = new("Bearer", token);
        using var sent = await server.Client.SendAsync(request);
        sent.EnsureSuccessStatusCode();
    }

    private async Task<bool> ShowsAsync(string text) => await engine.EvaluateAsync($$"""
        const rows = [...document.querySelectorAll('.chat-row:not(.chat-pending) .chat-text')];
        return String(rows.some((row) => row.textContent === {{JsonSerializer.Serialize(text)}}));
        """) == "true";

    private async Task<bool> IsStoredAsync(string text) => (await server.Api.GetFromJsonAsync<JsonElement>($"{Root}/messages"))
        .EnumerateArray().Any(message => message.GetProperty("text").GetString() == text);

    private async Task<string> StartPollAsync()
    {
        using var created = await server.Api.PostAsJsonAsync($"{Root}/polls",
            new { question = "Encore?", options = new[] { "Yes", "No" } });
        created.EnsureSuccessStatusCode();
        return (await created.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    private async Task<int> VotesAsync(string poll) => (await server.Api.GetFromJsonAsync<JsonElement>($"{Root}/polls")).EnumerateArray()
        .Where(item => item.GetProperty("id").GetString() == poll).SelectMany(item => item.GetProperty("options").EnumerateArray())
        .Sum(option => option.GetProperty("votes").GetInt32());
}
