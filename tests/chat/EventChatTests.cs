using System.Text.Json;
using Broadcast.Control.Tests;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Chat settings of events on a real database.</summary>
public sealed class EventChatTests(PostgresFixture postgres)
{
    private const string Id = "01JN8E2S3MZ0V6GQ7T4R9XKBCF";

    [Fact]
    public async Task Event_switches_the_chat_on_for_members_while_it_is_current()
    {
        await using var server = await StartAsync(chat: "members");
        await server.SetAsync(isOn: false);
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldBeNull();

        // In preview, then live: pages learn it with a batch.
        await BecomeAsync(server, "preview");
        (await MembersOnlyAsync(server)).ShouldBeTrue();
        var batch = await server.LastAsync();
        var guest = await server.JoinAsync("Ada");
        (await server.SendNowAsync(guest, "hello")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await server.Settings.GetAsync(ChatServer.Demo)).Event.ShouldBe(new(Id, "Gala", "members"));
        await BecomeAsync(server, "live");
        await Poll.UntilAsync(async () => await server.LastAsync() > batch);

        // A change of the event applies at once.
        await server.ExecuteAsync("UPDATE events SET chat = 'on'");
        await server.ReloadAsync();
        await Poll.UntilAsync(async () => !await MembersOnlyAsync(server));
        (await server.SendNowAsync(guest, "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);

        await BecomeAsync(server, "ended");
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldBeNull();
        var settings = await server.Settings.GetAsync(ChatServer.Demo);
        (settings.Enabled, settings.Event).ShouldBe((false, null));
    }

    [Fact]
    public async Task Event_switches_the_chat_of_its_channel_off()
    {
        await using var server = await StartAsync(chat: "off");
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldNotBeNull();
        await BecomeAsync(server, "live");
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldBeNull();
        await BecomeAsync(server, "cancelled");
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Servers_are_notified_of_events_with_chat_settings_only()
    {
        await using var server = await StartAsync(chat: "off");
        await using var connection = new NpgsqlConnection(server.Database.Settings.ConnectionString);
        await connection.OpenAsync();
        var notified = new List<string>();
        connection.Notification += (_, notification) => notified.Add(notification.Payload);
        await using (var listen = new NpgsqlCommand("LISTEN broadcast_control", connection))
        {
            await listen.ExecuteNonQueryAsync();
        }

        await server.ExecuteAsync("UPDATE events SET chat = NULL");
        await server.ExecuteAsync("UPDATE events SET state = 'live'");
        await server.ExecuteAsync("UPDATE events SET chat = 'on'");
        await server.ExecuteAsync("UPDATE events SET title = 'Other'");
        await server.ExecuteAsync("SELECT pg_notify('broadcast_control', 'end')");
        while (!notified.Contains("end"))
        {
            await connection.WaitAsync();
        }

        notified.Count(payload => payload.StartsWith("chat_settings:", StringComparison.Ordinal)).ShouldBe(1);
    }

    private async Task<ChatServer> StartAsync(string chat)
    {
        var server = await ChatServer.StartAsync(postgres);
        await server.Listener.StartAsync(default);
        await Poll.UntilAsync(() => server.IsListeningAsync(1));
        await server.OpenSessionAsync();
        await server.ExecuteAsync(
            $"""
            INSERT INTO events (id, kind, channel_id, title, description, poster, starts_at, ends_at, claims_from, time_zone, is_manual,
                preview_seconds, grace_seconds, continues, state, state_since, created_at, updated_at, chat)
            SELECT '{Id}', 'single', id, 'Gala', '', '', now(), now() + interval '1 hour', now(), 'UTC', false, 0, 0, false, 'scheduled',
                now(), now(), now(), '{chat}' FROM channels
            """);
        return server;
    }

    private static async Task BecomeAsync(ChatServer server, string state)
    {
        await server.ExecuteAsync($"UPDATE events SET state = '{state}'");
        await server.ReloadAsync();
    }

    private static async Task<bool> MembersOnlyAsync(ChatServer server) =>
        JsonDocument.Parse(await server.StateAsync()).RootElement.TryGetProperty("membersOnly", out var only) && only.GetBoolean();
}
