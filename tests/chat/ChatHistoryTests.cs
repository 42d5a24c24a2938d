using System.Text.Json;
using Broadcast.Chat.History;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Settings;
using Broadcast.Control.Tests;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Messages by media time, and their deletion with recordings, on a real database.</summary>
public sealed class ChatHistoryTests(PostgresFixture postgres)
{
    private const string Session = "01JN8E0000000000000000000A";
    private const string Clip = "01JN8F0000000000000000000A";
    private static readonly Ulid Ada = Ulid.New(ChatServer.At);
    private static readonly Ulid Bob = Ulid.New(ChatServer.At.AddSeconds(1));

    [Fact]
    public async Task Seek_to_any_minute_shows_what_live_viewers_saw_without_what_was_removed()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        using var history = await HistoryOf(server);
        var random = new Random(7);
        for (var batch = 0; batch < 30; batch++)
        {
            // Viewers in the DVR window write, too: times are in no order.
            await server.Store.AddAsync(ChatServer.Demo, ChatServer.Session,
                [.. Enumerable.Range(0, 6).Select(i => Message(i % 2 == 0 ? Ada : Bob, random.Next(0, 300) + random.NextDouble(),
                    $"{batch}/{i}") with { HeldBy = i == 5 ? "a rule" : null })], maxShown: 4, default);
        }

        var saw = await ShownAsync(server);
        saw.Count.ShouldBe(30 * 4);
        await server.RemoveAsync(saw[3]);
        await server.RemoveAsync(saw[50]);
        var held = (await server.QueryAsync<(long Batch, int Position)>(
            "SELECT batch, position FROM chat_messages WHERE hidden = 'held' ORDER BY batch LIMIT 1")).Single();
        await server.ActAsync(ChatActionKind.Approve, $"{held.Batch}-{held.Position}");

        var shown = await ShownAsync(server);
        shown.Count.ShouldBe((30 * 4) - 1);
        var times = (await server.QueryAsync<(string Id,
            DateTimeOffset At)>("SELECT batch || '-' || position, media_time FROM chat_messages"))
            .ToDictionary(row => row.Id, row => row.At);
        for (var minute = 0; minute < 6; minute++)
        {
            var (from, to) = (ChatServer.At.AddMinutes(minute), ChatServer.At.AddMinutes(minute + 1));
            var messages = await ReadAsync(history, from, to);
            messages.Select(IdOf)
                .ShouldBe(shown.Where(id => times[id] >= from && times[id] < to).OrderBy(id => times[id]), $"minute {minute}");
            messages.Select(message => message.GetProperty("time").GetDateTimeOffset()).ShouldBeInOrder();
        }

        // The same form as in batches.
        var first = (await ReadAsync(history, ChatServer.At, ChatServer.At.AddMinutes(1)))[0];
        var batches = await server.ReadAsync(long.Parse(IdOf(first).Split('-')[0], System.Globalization.CultureInfo.InvariantCulture));
        batches.GetProperty("messages").EnumerateArray().Select(message => message.GetRawText()).ShouldContain(first.GetRawText());

        // All of a participant.
        await server.ActAsync(ChatActionKind.Ban, shown.First(id => id.EndsWith("-0", StringComparison.Ordinal)));
        var left = await ShownAsync(server);
        left.Count.ShouldBeLessThan(shown.Count);
        (await ReadAsync(history, ChatServer.At, ChatServer.At.AddMinutes(5))).Select(IdOf).ShouldBe(left, ignoreOrder: true);
    }

    [Fact]
    public async Task Range_ends_before_its_end_and_other_sessions_are_not_in_it()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        using var history = await HistoryOf(server);
        await AddAsync(server, 0, 59.999, 60, 61);
        var other = SessionId.Parse("01JN8D0000000000000000000A");
        await server.Store.AddAsync(ChatServer.Demo, other, [Message(Ada, 30, "other")], 10, default);
        (await ReadAsync(history, ChatServer.At, ChatServer.At.AddSeconds(60))).Select(IdOf).ShouldBe(["1-0", "1-1"]);
        (await ReadAsync(history, ChatServer.At.AddSeconds(60), ChatServer.At.AddSeconds(61))).Select(IdOf).ShouldBe(["1-2"]);
        (await ReadAsync(history, ChatServer.At.AddHours(-1), ChatServer.At)).ShouldBeEmpty();
        (await FindAsync(history, 0, null)).ShouldBe(new ChatSpan(ChatServer.At, ChatServer.At.AddSeconds(61)));
        (await FindAsync(history, 1, 61)).ShouldBe(new ChatSpan(ChatServer.At.AddSeconds(59.999), ChatServer.At.AddSeconds(60)));
        (await FindAsync(history, 62, null)).ShouldBeNull();
        await server.RemoveAsync("1-3");
        (await FindAsync(history, 0, null)).ShouldBe(new ChatSpan(ChatServer.At, ChatServer.At.AddSeconds(60)));
    }

    [Fact]
    public async Task Too_many_messages_are_sampled_evenly()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        using var history = await HistoryOf(server);
        foreach (var part in Enumerable.Range(0, 4))
        {
            await AddAsync(server, [.. Enumerable.Range(0, 500).Select(i => ((part * 500) + i) * 60.0 / 2000)]);
        }

        var messages = await ReadAsync(history, ChatServer.At, ChatServer.At.AddMinutes(1));
        messages.Count.ShouldBe(IChatHistory.MaxMessages);
        messages.Select(IdOf).Distinct().Count().ShouldBe(IChatHistory.MaxMessages);
        var perSecond = messages.GroupBy(message => (int)(message.GetProperty("time").GetDateTimeOffset() - ChatServer.At).TotalSeconds)
            .Select(group => group.Count()).ToList();
        perSecond.Count.ShouldBe(60);
        perSecond.ShouldAllBe(count => count >= 19 && count <= 21);
        (await ReadAsync(history, ChatServer.At, ChatServer.At.AddSeconds(36))).Count.ShouldBe(1200);
        (await ReadAsync(history, ChatServer.At, ChatServer.At.AddSeconds(35))).Count.ShouldBe(1167);
    }

    [Fact]
    public async Task Channel_whose_chat_is_off_has_no_history_and_a_lost_database_is_reported()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await AddAsync(server, 1);
        using var off = new ChatHistory(server.Database, new ChatSettingsCache());
        (await off.ReadAsync(ChatServer.Demo, ChatServer.Session, ChatServer.At, ChatServer.At.AddMinutes(1), default)).ShouldBeNull();
        (await off.FindAsync(ChatServer.Demo, ChatServer.Session, ChatServer.At, null, default)).ShouldBeNull();
        using var history = await HistoryOf(server);
        await server.Database.DisposeAsync();
        await Should.ThrowAsync<ChatUnavailableException>(() => ReadAsync(history, ChatServer.At, ChatServer.At.AddMinutes(1)));
        await Should.ThrowAsync<ChatUnavailableException>(async () => await FindAsync(history, 0, null));
    }

    [Fact]
    public async Task Chat_is_deleted_with_the_last_recording_or_clip_of_its_session()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await AddSessionAsync(server, isRecorded: true);
        await server.ExecuteAsync($"""
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, starts_at, ends_at, created_at)
            SELECT '{Clip}', id, '{Session}', 'clip', '', 'public', now(), now() + interval '1 minute', now() FROM channels
            """);
        await AddAsync(server, 1, 2);

        // Marked as deleted: the media is still there, and the recording can return.
        await server.ExecuteAsync("UPDATE recordings SET deleted_at = now(), purge_after = now()");
        (await CountAsync(server)).ShouldBe(2);
        await server.ExecuteAsync($"DELETE FROM recordings WHERE id = '{Session}'");
        (await CountAsync(server)).ShouldBe(2, "the clip shows it");
        await server.ExecuteAsync($"DELETE FROM recordings WHERE id = '{Clip}'");
        (await CountAsync(server)).ShouldBe(0);
    }

    [Fact]
    public async Task Recording_and_clips_deleted_at_once_take_the_chat_with_them()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await AddSessionAsync(server, isRecorded: true);
        await server.ExecuteAsync($"""
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, starts_at, ends_at, created_at)
            SELECT '{Clip}', id, '{Session}', 'clip', '', 'public', now(), now() + interval '1 minute', now() FROM channels
            """);
        await AddAsync(server, 1, 2);
        await server.ExecuteAsync("DELETE FROM recordings");
        (await CountAsync(server)).ShouldBe(0);
        (await server.QueryAsync<long>("SELECT count(*) FROM sessions")).ShouldBe([1], "its row remains in the history");
    }

    [Fact]
    public async Task Chat_of_a_session_without_recording_is_deleted_with_the_session()
    {
        await using var server = await ChatServer.StartAsync(postgres);
        await AddSessionAsync(server, isRecorded: false);
        await AddAsync(server, 1, 2);
        await server.ExecuteAsync("DELETE FROM recordings");
        (await CountAsync(server)).ShouldBe(2);
        await server.ExecuteAsync("DELETE FROM sessions");
        (await CountAsync(server)).ShouldBe(0);
    }

    /// <summary>Ids of the messages that a page shows which has read all batches.</summary>
    private static async Task<List<string>> ShownAsync(ChatServer server)
    {
        List<string> shown = [];
        var (last, _) = await server.Store.ReadLastAsync(ChatServer.Demo, ChatServer.Session, default);
        for (var number = 1L; number <= last; number++)
        {
            var batch = (await server.Store.ReadAsync(ChatServer.Session, number, default)).ShouldNotBeNull();
            shown.RemoveAll(id => batch.Removed.Any(removed => removed.ToString() == id));
            shown.AddRange(batch.Messages.Select(message => message.Id.ToString()).Where(id => !shown.Contains(id)));
        }

        return shown;
    }

    private static NewMessage Message(Ulid sender, double seconds, string text) =>
        new(sender, sender == Ada ? "Ada" : "Bob", text, null,
            ChatServer.At.AddTicks((long)(seconds * 1000) * TimeSpan.TicksPerMillisecond), ChatServer.At);

    private static Task AddAsync(ChatServer server, params double[] seconds) => server.Store.AddAsync(ChatServer.Demo, ChatServer.Session,
        [.. seconds.Select(at => Message(Ada, at, "hello"))], int.MaxValue, default);

    private static Task AddSessionAsync(ChatServer server, bool isRecorded) => server.ExecuteAsync($"""
        INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, recorded)
        SELECT '{Session}', id, 1, 'standard', now(), now(), 'ended', {isRecorded} FROM channels
        """);

    private static async Task<long> CountAsync(ChatServer server) =>
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_messages")).Single();

    private static string IdOf(JsonElement message) => message.GetProperty("id").GetString()!;

    private static async Task<ChatHistory> HistoryOf(ChatServer server)
    {
        var settings = new ChatSettingsCache();
        await using var connection = await server.Database.Source.OpenConnectionAsync();
        await settings.LoadAsync(connection, default);
        return new(server.Database, settings);
    }

    private static async Task<IReadOnlyList<JsonElement>> ReadAsync(ChatHistory history, DateTimeOffset from, DateTimeOffset to)
    {
        var json = await history.ReadAsync(ChatServer.Demo, ChatServer.Session, from, to, default);
        return [.. JsonDocument.Parse(json.ShouldNotBeNull()).RootElement.GetProperty("messages").EnumerateArray()];
    }

    private static async Task<ChatSpan?> FindAsync(ChatHistory history, double from, double? to) =>
        await history.FindAsync(ChatServer.Demo, ChatServer.Session, ChatServer.At.AddSeconds(from),
            to is { } end ? ChatServer.At.AddSeconds(end) : null, default);
}
