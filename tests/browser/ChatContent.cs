using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Browser.Tests;

/// <summary>Content of the chat of a live channel: messages in several states, a poll, a question and actions of a moderator.</summary>
internal static class ChatContent
{
    /// <summary>Switches the chat on, and writes its content.</summary>
    public static async Task WriteAsync(BroadcastServer server, string channel)
    {
        var chat = $"/api/v1/channels/{channel}/chat";
        await SendAsync(server.Api, HttpMethod.Patch, chat, new { enabled = true, questions = true });
        await SendAsync(server.Api, HttpMethod.Put, $"{chat}/filters", new { words = new { held = new[] { "perhaps" } } });
        await Poll.UntilAsync(async () => (await server.Client.GetAsync($"/live/{channel}/chat.json")).IsSuccessStatusCode,
            TimeSpan.FromSeconds(20), "the chat is on");
        var (ada, bob) = (await JoinAsync(server, channel, "Ada Lovelace"), await JoinAsync(server, channel, "Bob <b>"));
        var first = await WriteAsync(server, channel, ada,
            new { text = "Good evening from Rome \U0001F389 https://example.org/a/very/long/address" });
        await WriteAsync(server, channel, bob, new { text = $"Hello @Ada, {new string('x', 120)}", replyTo = first });
        await WriteAsync(server, channel, bob, new { text = "This is perhaps not for everybody." });
        var last = await WriteAsync(server, channel, ada, new { text = "Off topic" });
        await SendAsync(server.Api, HttpMethod.Post, $"{chat}/actions", new { action = "remove", message = last, reason = "Off topic" });
        await SendAsync(server.Api, HttpMethod.Post, $"{chat}/actions", new { action = "pin", message = first });
        await SendAsync(server.Api, HttpMethod.Post, $"{chat}/actions", new { action = "announce", text = "We begin at eight." });
        await SendAsync(server.Api, HttpMethod.Post, $"{chat}/polls",
            new { question = "Encore?", options = new[] { "Yes, please", "No" } });
        await SendAsync(server.Client, HttpMethod.Post, $"/chat/{channel}/questions", new { text = "Who wrote this piece?" }, ada);
    }

    private static async Task<string> JoinAsync(BroadcastServer server, string channel, string name) =>
        (await SendAsync(server.Client, HttpMethod.Post, $"/chat/{channel}/join", new { name })).GetProperty("token").GetString()!;

    private static async Task<string> WriteAsync(BroadcastServer server, string channel, string token, object message)
    {
        var sent = await SendAsync(server.Client, HttpMethod.Post, $"/chat/{channel}/messages", message, token);
        return sent.TryGetProperty("id", out var id) ? id.GetString()! : "";
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, HttpMethod method, string path, object body, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = token is null ? client.DefaultRequestHeaders.Authorization : new("Bearer", token);
        using var response = await client.SendAsync(request);
        return response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonElement>()
            : throw new InvalidOperationException($"{path}: {response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }
}
