using System.Net;
using Broadcast.Control.Tests;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>Moderation on a real database.</summary>
public sealed class ModerationTests(PostgresFixture postgres)
{
    private static readonly IPAddress Home = IPAddress.Parse("203.0.113.7");

    [Fact]
    public async Task Removed_message_is_shown_again_when_the_action_is_undone()
    {
        await using var server = await ListenAsync();
        var token = await server.JoinAsync("Ada");
        await SendAsync(server, token, "one");
        await SendAsync(server, token, "two");

        var action = await server.ActAsync(ChatActionKind.Remove, "1-0", reason: "off topic");
        action.Name.ShouldBe("Ada");
        action.Message.ShouldBe("1-0");
        await ReadsAsync(server, 3);
        ChatServer.Ids(await server.ReadAsync(3), "removed").ShouldBe(["1-0"]);
        (await server.ReadAsync(1)).GetProperty("messages").GetArrayLength().ShouldBe(0);
        (await server.ShownAsync()).ShouldBe(["2-0"]);
        (await StateOfAsync(server, "1-0")).ShouldBe(ChatMessageState.Removed);
        foreach (var (state, id) in ((ChatMessageState, string)[])[(ChatMessageState.Removed, "1-0"), (ChatMessageState.Shown, "2-0")])
        {
            (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { State = state })).ShouldHaveSingleItem().Id.ShouldBe(id);
        }

        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { State = ChatMessageState.Sampled })).ShouldBeEmpty();

        var undone = await server.Moderation.UndoAsync(ChatServer.Demo, new("user/joe", "Joe"), action.Id.Value, "a mistake");
        undone.UndoneBy.ShouldBe("user/joe");
        await ReadsAsync(server, 4);
        (await server.ReadAsync(4)).GetProperty("messages")[0].GetProperty("id").GetString().ShouldBe("1-0");
        (await server.ReadAsync(1)).GetProperty("messages").GetArrayLength().ShouldBe(1);
        (await server.ShownAsync()).ShouldBe(["1-0", "2-0"], ignoreOrder: true);
        (await Should.ThrowAsync<OperationException>(server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, action.Id.Value, "")))
            .Code.ShouldBe(OperationErrorCode.Conflict);

        // Removed again: also from the batch that has shown it again.
        await server.ActAsync(ChatActionKind.Remove, "1-0");
        await ReadsAsync(server, 5);
        (await server.ReadAsync(4)).GetProperty("messages").GetArrayLength().ShouldBe(0);
        (await server.ShownAsync()).ShouldBe(["2-0"]);

        (await server.QueryAsync<string>("SELECT action || ' ' || (detail ->> 'reason') FROM audit_log WHERE action LIKE 'chat.%' "
            + "AND detail ->> 'reason' IS NOT NULL ORDER BY id")).ShouldBe(["chat.remove off topic", "chat.undo a mistake"]);
        (await server.QueryAsync<string>("SELECT type || ' ' || (body::json -> 'data' ->> 'undone') FROM stream_events ORDER BY id"))
            .ShouldBe(["chat.moderated false", "chat.moderated true", "chat.moderated false"]);
    }

    [Fact]
    public async Task Timeout_removes_messages_and_ends_by_itself()
    {
        await using var server = await ListenAsync();
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        await SendAsync(server, ada, "spam");
        await SendAsync(server, bob, "hello");
        await SendAsync(server, ada, "spam again");

        var action = await server.ActAsync(ChatActionKind.Timeout, "3-0", seconds: 60);
        await ReadsAsync(server, 4);
        (await server.ShownAsync()).ShouldBe(["2-0"]);
        var answer = await server.SendNowAsync(ada, "more");
        answer.Outcome.ShouldBe(ChatOutcome.Denied);
        answer.RetryAfter.ShouldBeInRange(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(60));
        (await SendAsync(server, bob, "still here")).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await EffectiveAsync(server)).ShouldBe([action.Id]);

        server.Time.Advance(TimeSpan.FromSeconds(61));
        (await EffectiveAsync(server)).ShouldBeEmpty();
        (await SendAsync(server, ada, "sorry")).Outcome.ShouldBe(ChatOutcome.Accepted);

        // Its messages stay removed, unless the action is undone.
        (await server.ShownAsync()).ShouldNotContain("1-0");
        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, action.Id.Value, "");
        (await server.Store.ReadAsync(ChatServer.Session, 1, default)).ShouldNotBeNull().Messages.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Ban_applies_to_the_participant_and_on_request_to_the_network_for_a_day()
    {
        await using var server = await ListenAsync();
        var troll = await server.JoinAsync("Troll");
        await SendAsync(server, troll, "insult", Home);
        await server.ActAsync(ChatActionKind.Ban, "1-0");
        (await server.SendNowAsync(troll, "again", Home)).Outcome.ShouldBe(ChatOutcome.Denied);

        // A new name is a new participant.
        var second = await server.JoinAsync("Nice person");
        (await SendAsync(server, second, "insult", Home)).Outcome.ShouldBe(ChatOutcome.Accepted);
        var message = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo)))[0].Id;
        var ban = await server.ActAsync(ChatActionKind.Ban, message, network: true);
        var third = await server.JoinAsync("Another person");
        (await server.SendNowAsync(third, "insult", Home)).Outcome.ShouldBe(ChatOutcome.Denied);
        (await SendAsync(server, third, "from elsewhere", IPAddress.Parse("203.0.113.8"))).Outcome.ShouldBe(ChatOutcome.Accepted);

        // The salt of the day is known until the end of the next day.
        server.Time.Advance(TimeSpan.FromDays(1));
        (await server.SendNowAsync(await server.JoinAsync("Tomorrow"), "insult", Home)).Outcome.ShouldBe(ChatOutcome.Denied);
        server.Time.Advance(TimeSpan.FromDays(1));
        (await SendAsync(server, await server.JoinAsync("Later"), "hello", Home)).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_salts")).ShouldBe([2], "older salts are deleted");
        (await server.SendNowAsync(second, "insult", Home)).Outcome.ShouldBe(ChatOutcome.Denied, "the participant stays banned");

        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, ban.Id.Value, "");
        (await SendAsync(server, second, "thank you", Home)).Outcome.ShouldBe(ChatOutcome.Accepted);
    }

    [Fact]
    public async Task Viewer_with_a_token_is_a_member_and_the_same_participant_after_joining_again()
    {
        await using var server = await ListenAsync();
        await server.Settings.ChangeAsync(ChatServer.Demo, new() { MembersOnly = true });
        (await server.SendNowAsync(await server.JoinAsync("Guest"), "hello")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await SendAsync(server, await server.JoinAsync("Ada", "key.1"), "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
        await server.ActAsync(ChatActionKind.Ban, "1-0");
        (await server.SendNowAsync(await server.JoinAsync("Someone else", "key.1"), "again")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await SendAsync(server, await server.JoinAsync("Bob", "key.2"), "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
    }

    [Fact]
    public async Task Muted_participant_is_not_notified_and_others_do_not_see_the_messages()
    {
        await using var server = await ListenAsync();
        var troll = await server.JoinAsync("Troll");
        await SendAsync(server, troll, "before");
        await server.ActAsync(ChatActionKind.Mute, "1-0");
        (await SendAsync(server, troll, "after")).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await server.ShownAsync()).ShouldBe(["1-0"]);
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { State = ChatMessageState.Muted })).ShouldHaveSingleItem().Text
            .ShouldBe("after");
    }

    [Fact]
    public async Task Held_message_is_shown_after_approval_and_not_after_denial()
    {
        await using var server = await ListenAsync();
        await server.Settings.ChangeAsync(ChatServer.Demo, new() { HoldAll = true });
        var token = await server.JoinAsync("Ada");
        (await SendAsync(server, token, "one")).Outcome.ShouldBe(ChatOutcome.Held);
        (await SendAsync(server, token, "two")).Outcome.ShouldBe(ChatOutcome.Held);
        (await server.ShownAsync()).ShouldBeEmpty();
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { State = ChatMessageState.Held })).Select(message => message.Id)
            .ShouldBe(["2-0", "1-0"]);
        (await server.QueryAsync<string>("SELECT type FROM stream_events")).ShouldBe(["chat.held", "chat.held"]);

        var approved = await server.ActAsync(ChatActionKind.Approve, "1-0");
        await server.ActAsync(ChatActionKind.Deny, "2-0");
        await ReadsAsync(server, 3);
        (await server.ShownAsync()).ShouldBe(["1-0"]);
        (await Should.ThrowAsync<OperationException>(server.ActAsync(ChatActionKind.Approve, "2-0"))).Code
            .ShouldBe(OperationErrorCode.Conflict);

        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, approved.Id.Value, "");
        await ReadsAsync(server, 4);
        (await server.ShownAsync()).ShouldBeEmpty();
        (await StateOfAsync(server, "1-0")).ShouldBe(ChatMessageState.Held);
    }

    [Fact]
    public async Task Filters_reject_and_hold_messages_and_names()
    {
        await using var server = await ListenAsync();
        var stored = await server.Settings.SetFiltersAsync(ChatServer.Demo, """
            {"words":{"held":["dubious"],"rejected":["badword"]},"links":{"action":"hold"},"repeats":{"action":"reject","senderSeconds":60}}
            """u8.ToArray());
        System.Text.Encoding.UTF8.GetString(stored.Span).ShouldContain("\"badword\"");
        (await server.Settings.GetFiltersAsync(ChatServer.Demo)).ToArray().ShouldBe(stored.ToArray());
        await server.SetAsync(isOn: true);
        var token = await server.JoinAsync("Ada");
        (await SendAsync(server, token, "this is fine")).Outcome.ShouldBe(ChatOutcome.Accepted);
        var rejected = await server.SendNowAsync(token, "you b-a-d-w-o-r-d");
        (rejected.Outcome, rejected.Value.Contains("badword", StringComparison.Ordinal)).ShouldBe((ChatOutcome.Denied, false));
        (await server.SendNowAsync(token, "THIS is fine!")).Outcome.ShouldBe(ChatOutcome.Denied, "it repeats the first message");
        (await SendAsync(server, token, "a dubious matter")).Outcome.ShouldBe(ChatOutcome.Held);
        (await SendAsync(server, token, "see example.com/offer")).Outcome.ShouldBe(ChatOutcome.Held);
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { State = ChatMessageState.Held })).Select(message =>
            message.HeldBy)
            .ShouldBe(["The message contains a link to 'example.com'.", "The message contains the listed word 'dubious'."]);
        (await server.Chat.JoinAsync(ChatServer.Demo, "B4dword", null, null, default)).Outcome.ShouldBe(ChatOutcome.Invalid);
        (await server.ShownAsync()).ShouldBe(["1-0"]);

        foreach (var invalid in (string[])["[]", "{\"words\":{\"held\":[\"\"]}}", "{\"word\":{}}", "{\"links\":{\"action\":\"x\"}}"])
        {
            (await Should.ThrowAsync<OperationException>(server.Settings.SetFiltersAsync(ChatServer.Demo,
                System.Text.Encoding.UTF8.GetBytes(invalid)))).Code.ShouldBe(OperationErrorCode.Invalid, invalid);
        }
    }

    [Fact]
    public async Task Modes_apply_to_the_next_message_and_not_to_moderators()
    {
        await using var server = await ListenAsync();
        var guest = await server.JoinAsync("Ada");
        var moderator = (await server.Moderation.IssueTokenAsync(ChatServer.Demo, "user/jane", "Jane Doe", isModerator: true)).Token;
        var member = (await server.Moderation.IssueTokenAsync(ChatServer.Demo, "user/joe", "", isModerator: false)).Token;
        (await SendAsync(server, guest, "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
        await server.OpenSessionAsync();

        await server.Settings.ChangeAsync(ChatServer.Demo, new() { SlowSeconds = 60 });
        await Poll.UntilAsync(async () => await server.StateAsync() == """{"slowSeconds":60}""");
        var slow = await server.SendNowAsync(guest, "too early");
        slow.Outcome.ShouldBe(ChatOutcome.TooMany);
        slow.RetryAfter.ShouldBeGreaterThan(TimeSpan.FromSeconds(40));
        server.Time.Advance(TimeSpan.FromSeconds(61));
        (await SendAsync(server, guest, "in time")).Outcome.ShouldBe(ChatOutcome.Accepted);

        await server.Settings.ChangeAsync(ChatServer.Demo, new() { SlowSeconds = 0, MembersOnly = true });
        (await server.SendNowAsync(guest, "hello")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await SendAsync(server, member, "a member")).Outcome.ShouldBe(ChatOutcome.Accepted);

        await server.Settings.ChangeAsync(ChatServer.Demo, new() { Frozen = true });
        await Poll.UntilAsync(async () => await server.StateAsync() == """{"membersOnly":true,"frozen":true}""");
        (await server.SendNowAsync(member, "closed")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await SendAsync(server, moderator, "quiet, please")).Outcome.ShouldBe(ChatOutcome.Accepted);
        var written = (await server.ReadAsync(await server.LastAsync())).GetProperty("messages")[0];
        written.GetProperty("role").GetString().ShouldBe("moderator");
        written.GetProperty("name").GetString().ShouldBe("Jane Doe");

        // A user's token is short-lived, so that a revoked role ends.
        server.Time.Advance(TimeSpan.FromMinutes(11));
        (await server.SendAsync(moderator, "again")).Outcome.ShouldBe(ChatOutcome.NoIdentity);
    }

    [Fact]
    public async Task Pinned_message_is_in_the_state_until_it_is_unpinned_or_removed()
    {
        await using var server = await ListenAsync();
        var token = await server.JoinAsync("Ada");
        await SendAsync(server, token, "one");
        await SendAsync(server, token, "two");
        await server.ActAsync(ChatActionKind.Pin, "1-0");
        await Poll.UntilAsync(async () => (await server.StateAsync()).Contains("\"pinned\":{\"id\":\"1-0\"", StringComparison.Ordinal));
        var second = await server.ActAsync(ChatActionKind.Pin, "2-0");
        await Poll.UntilAsync(async () => (await server.StateAsync()).Contains("\"pinned\":{\"id\":\"2-0\"", StringComparison.Ordinal));
        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, second.Id.Value, "");
        await Poll.UntilAsync(async () => await server.StateAsync() == "{}");

        await server.ActAsync(ChatActionKind.Pin, "1-0");
        await server.ActAsync(ChatActionKind.Remove, "1-0");
        await Poll.UntilAsync(async () => await server.StateAsync() == "{}");
        (await Should.ThrowAsync<OperationException>(server.ActAsync(ChatActionKind.Unpin))).Code.ShouldBe(OperationErrorCode.Conflict);
        (await Should.ThrowAsync<OperationException>(server.ActAsync(ChatActionKind.Pin, "1-0"))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Fact]
    public async Task Announcement_opens_the_chat_of_the_session_on_air()
    {
        await using var server = await ListenAsync();
        (await Should.ThrowAsync<OperationException>(server.ActAsync(ChatActionKind.Announce, text: "Welcome"))).Code
            .ShouldBe(OperationErrorCode.Conflict, "the channel is not live");
        await server.OpenSessionAsync();
        var action = await server.ActAsync(ChatActionKind.Announce, text: " Welcome ");
        await ReadsAsync(server, 1);
        var message = (await server.ReadAsync(1)).GetProperty("messages")[0];
        (message.GetProperty("kind").GetString(), message.GetProperty("text").GetString(), message.GetProperty("name").GetString())
            .ShouldBe(("announcement", "Welcome", "Jane Doe"));
        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, action.Id.Value, "");
        await ReadsAsync(server, 2);
        (await server.ShownAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Erased_messages_are_gone_everywhere()
    {
        await using var server = await ListenAsync();
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        await SendAsync(server, ada, "private matter");
        await SendAsync(server, bob, "hello");
        await SendAsync(server, ada, "and more");
        await server.ActAsync(ChatActionKind.Remove, "3-0");
        await ReadsAsync(server, 4);
        var participant = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo)))[0].Participant;
        (await server.Moderation.EraseAsync(ChatServer.Demo, participant)).ShouldBe(2);
        await ReadsAsync(server, 5);
        (await server.ShownAsync()).ShouldBe(["2-0"]);
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo))).ShouldHaveSingleItem().Name.ShouldBe("Bob");
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_actions WHERE name = 'Ada'")).ShouldBe([0]);
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_messages WHERE text LIKE '%matter%' OR text LIKE '%more%'"))
            .ShouldBe([0]);
    }

    [Fact]
    public async Task Requests_that_cannot_apply_say_why()
    {
        await using var server = await ListenAsync();
        await SendAsync(server, await server.JoinAsync("Ada"), "hello");
        await InvalidAsync(server.ActAsync(ChatActionKind.Remove), "message");
        await InvalidAsync(server.ActAsync(ChatActionKind.Remove, "first"), "message");
        await InvalidAsync(server.ActAsync(ChatActionKind.Timeout, "1-0"), "seconds");
        await InvalidAsync(server.ActAsync(ChatActionKind.Timeout, "1-0", seconds: 0), "seconds");
        await InvalidAsync(server.ActAsync(ChatActionKind.Ban), "participant");
        await InvalidAsync(server.ActAsync(ChatActionKind.Ban, "1-0", participant: "01JN8E2S3MZ0V6GQ7T4R9XKBCD"), "participant");
        await InvalidAsync(server.ActAsync(ChatActionKind.Ban, participant: "Ada"), "participant");
        await InvalidAsync(server.ActAsync(ChatActionKind.Ban, participant: "01JN8E2S3MZ0V6GQ7T4R9XKBCD", network: true), "network");
        await InvalidAsync(server.ActAsync(ChatActionKind.Remove, "1-0", reason: new string('x', 301)), "reason");
        await InvalidAsync(server.Settings.ChangeAsync(ChatServer.Demo, new() { SlowSeconds = 3601 }), "slowSeconds");
        (await Should.ThrowAsync<OperationException>(server.ActAsync(ChatActionKind.Remove, "9-0"))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, "x", ""))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await Should.ThrowAsync<OperationException>(server.Moderation.ListMessagesAsync(new(ChannelName.Parse("other"))))).Code
            .ShouldBe(OperationErrorCode.NotFound);
        (await server.QueryAsync<long>("SELECT count(*) FROM chat_actions")).ShouldBe([0]);
    }

    [Fact]
    public async Task Messages_and_actions_are_listed_in_pages()
    {
        await using var server = await ListenAsync();
        var token = await server.JoinAsync("Ada");
        for (var i = 0; i < 5; i++)
        {
            await SendAsync(server, token, $"message {i}");
        }

        List<string> read = [];
        string? before = null;
        while (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo) { Before = before, Limit = 2 }) is { Count: > 0 } page)
        {
            read.AddRange(page.Select(message => message.Text));
            before = $"{page[^1].Session}/{page[^1].Id}";
        }

        read.ShouldBe(["message 4", "message 3", "message 2", "message 1", "message 0"]);
        await server.ActAsync(ChatActionKind.Remove, "1-0");
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await server.ActAsync(ChatActionKind.Mute, "2-0");
        var newest = await server.Moderation.ListActionsAsync(ChatServer.Demo, null, false, null, 1);
        newest.ShouldHaveSingleItem().Kind.ShouldBe(ChatActionKind.Mute);
        (await server.Moderation.ListActionsAsync(ChatServer.Demo, newest[0].Participant, false, newest[0].Id.Value,
            10)).ShouldHaveSingleItem()
            .Kind.ShouldBe(ChatActionKind.Remove);
    }

    [Fact]
    public async Task Webhooks_get_messages_that_viewers_see()
    {
        await using var server = await ListenAsync();
        await server.ExecuteAsync("INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) "
            + "VALUES ('abcd1234', 'https://example.org', '', '{chat.message}', '{}', 'abcdefghijklmnopqrstuvwxyz', true, now())");
        await SendAsync(server, await server.JoinAsync("Ada"), "hello");
        (await server.QueryAsync<string>("SELECT body::json -> 'data' -> 'messages' -> 0 ->> 'text' FROM webhook_events"))
            .ShouldBe(["hello"]);
        (await server.QueryAsync<long>("SELECT count(*) FROM stream_events")).ShouldBe([0]);
    }

    [Fact]
    public async Task Removed_and_erased_messages_disappear_from_the_events_of_webhooks()
    {
        await using var server = await ListenAsync();
        await server.ExecuteAsync("INSERT INTO webhooks (id, url, label, types, channels, secret, enabled, created_at) "
            + "VALUES ('abcd1234', 'https://example.org', '', '{chat.message}', '{}', 'abcdefghijklmnopqrstuvwxyz', true, now())");
        var (ada, bob) = (await server.JoinAsync("Ada"), await server.JoinAsync("Bob"));
        await SendAsync(server, ada, "first");
        await server.FinishAsync([server.SendAsync(ada, "second"), server.SendAsync(bob, "of Bob"), server.SendAsync(ada, "third")]);
        (await EventTextsAsync(server)).ShouldBe(["first", "of Bob", "second", "third"]);

        var second = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo))).Single(message => message.Text == "second");
        var action = await server.ActAsync(ChatActionKind.Remove, second.Id);
        (await EventTextsAsync(server)).ShouldBe(["first", "of Bob", "third"]);
        await server.Moderation.UndoAsync(ChatServer.Demo, ChatServer.Jane, action.Id.Value, "");
        (await EventTextsAsync(server)).ShouldBe(["first", "of Bob", "third"], "webhooks get it as chat.moderated");

        await server.ActAsync(ChatActionKind.Timeout, second.Id, seconds: 60);
        (await EventTextsAsync(server)).ShouldBe(["of Bob"]);
        var of = (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo))).Single(message => message.Text == "of Bob");
        await server.Moderation.EraseAsync(ChatServer.Demo, of.Participant);
        (await EventTextsAsync(server)).ShouldBeEmpty();

        // The bodies are still those of the events.
        (await server.QueryAsync<string>("SELECT DISTINCT body::json ->> 'type' FROM webhook_events WHERE body::json ->> 'id' = id"))
            .ShouldBe(["chat.message"]);
    }

    private static Task<IReadOnlyList<string>> EventTextsAsync(ChatServer server) => server.QueryAsync<string>(
        "SELECT m ->> 'text' FROM webhook_events, json_array_elements(body::json -> 'data' -> 'messages') m ORDER BY 1");

    private static async Task InvalidAsync(Task request, string member) =>
        (await Should.ThrowAsync<OperationException>(request)).ValidationErrors.ShouldHaveSingleItem().Member.ShouldBe(member);

    private static async Task<IReadOnlyList<Ulid>> EffectiveAsync(ChatServer server) =>
        [.. (await server.Moderation.ListActionsAsync(ChatServer.Demo, null, inEffect: true, null, 10)).Select(action => action.Id)];

    private static async Task<ChatMessageState> StateOfAsync(ChatServer server, string message) =>
        (await server.Moderation.ListMessagesAsync(new(ChatServer.Demo))).Single(found => found.Id == message).State;

    /// <summary>Sends a message, and waits until the next one gets a batch of its own.</summary>
    private static async Task<ChatAnswer> SendAsync(ChatServer server, string token, string text, IPAddress? client = null)
    {
        var answer = await server.SendNowAsync(token, text, client);
        await Poll.UntilAsync(() =>
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            return server.Writer.Count == 0;
        });
        return answer;
    }

    /// <summary>Waits until the server has read a batch that a moderator caused.</summary>
    private static Task ReadsAsync(ChatServer server, long batch) =>
        server.Chat.WhenAfter(ChatServer.Session, batch - 1).WaitAsync(TimeSpan.FromSeconds(30));

    private async Task<ChatServer> ListenAsync()
    {
        var server = await ChatServer.StartAsync(postgres);
        await server.Listener.StartAsync(default);
        await Poll.UntilAsync(() => server.IsListeningAsync(1));
        await server.LastAsync();
        return server;
    }
}
