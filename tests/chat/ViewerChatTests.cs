using System.Net;
using System.Text.Json;
using Broadcast.Chat.Feed;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Settings;
using Broadcast.Control.Tests;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests;

/// <summary>The chat on a real database, with one or two servers.</summary>
public sealed class ViewerChatTests(PostgresFixture postgres)
{

    [Fact]
    public async Task Message_is_stored_in_a_batch_that_viewers_read()
    {
        await using var server = await StartAsync();
        var token = await server.JoinAsync("Ada");
        var next = server.Chat.WhenAfter(ChatServer.Session, await server.LastAsync());
        next.IsCompleted.ShouldBeFalse();

        var answer = await server.SendAsync(token, "  hello <b>you</b> ");
        answer.Outcome.ShouldBe(ChatOutcome.Accepted);
        answer.Value.ShouldBe("1-0");
        await next;
        (await server.LastAsync()).ShouldBe(1);
        var message = (await server.ReadAsync(1)).GetProperty("messages")[0];
        message.GetProperty("id").GetString().ShouldBe("1-0");
        message.GetProperty("name").GetString().ShouldBe("Ada");
        message.GetProperty("text").GetString().ShouldBe("hello <b>you</b>");
        message.GetProperty("time").GetDateTimeOffset().ShouldBe(ChatServer.At);
        message.GetProperty("from").GetString().ShouldNotBeNull().Length.ShouldBe(10);
        message.TryGetProperty("replyTo", out _).ShouldBeFalse();
        (await server.Chat.ReadAsync(ChatServer.Demo, ChatServer.Session, 2, default)).ShouldBeNull();

        // From the database, as after a restart.
        await using var restarted = await StartAsync(server.Options);
        (await restarted.ReadAsync(1)).GetRawText().ShouldBe((await server.ReadAsync(1)).GetRawText());
    }

    [Fact]
    public async Task Batches_follow_each_other_at_the_interval_and_carry_all_messages_between()
    {
        await using var server = await StartAsync();
        var tokens = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            tokens.Add(await server.JoinAsync($"Viewer {i}"));
        }

        (await server.SendAsync(tokens[0], "first")).Value.ShouldBe("1-0");
        var waiting = tokens.Select((token, i) => server.SendAsync(token, $"message {i}")).ToList();
        await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        waiting.ShouldAllBe(task => !task.IsCompleted);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await Task.WhenAll(waiting)).Select(answer => answer.Value).ShouldBe(
            Enumerable.Range(0, 10).Select(i => $"2-{i}"), ignoreOrder: true);
        (await server.ReadAsync(2)).GetProperty("messages").GetArrayLength().ShouldBe(10);

        // The queue of the session is removed after an interval without messages.
        await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => server.Writer.Count == 0);
    }

    [Fact]
    public async Task Two_servers_make_one_order_and_both_read_it()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync(first.Options);
        await first.LastAsync();
        await second.LastAsync();
        var token = await first.JoinAsync("Ada");
        await second.Listener.StartAsync(default);
        await first.Listener.StartAsync(default);
        await Poll.UntilAsync(() => first.IsListeningAsync(count: 2));

        (await second.SendAsync(token, "at the second")).Value.ShouldBe("1-0");
        (await first.SendAsync(token, "at the first")).Value.ShouldBe("2-0");

        await first.Chat.WhenAfter(ChatServer.Session, 1).WaitAsync(TimeSpan.FromSeconds(30));
        await second.Chat.WhenAfter(ChatServer.Session, 1).WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var server in (ChatServer[])[first, second])
        {
            (await server.ReadAsync(1)).GetProperty("messages")[0].GetProperty("text").GetString().ShouldBe("at the second");
            (await server.ReadAsync(2)).GetProperty("messages")[0].GetProperty("text").GetString().ShouldBe("at the first");
        }

        // Removed at one server, gone at both.
        (await second.RemoveAsync("1-0")).ShouldBeTrue();
        (await second.RemoveAsync("1-0")).ShouldBeFalse("it was removed before");
        await first.Chat.WhenAfter(ChatServer.Session, 2).WaitAsync(TimeSpan.FromSeconds(30));
        await second.Chat.WhenAfter(ChatServer.Session, 2).WaitAsync(TimeSpan.FromSeconds(30));
        foreach (var server in (ChatServer[])[first, second])
        {
            (await server.ReadAsync(3)).GetProperty("removed")[0].GetString().ShouldBe("1-0");
            (await server.ReadAsync(1)).GetProperty("messages").GetArrayLength().ShouldBe(0);
        }

        await first.Listener.StopAsync(default);
        await second.Listener.StopAsync(default);
    }

    [Fact]
    public async Task Sender_and_network_are_limited()
    {
        await using var server = await StartAsync(options: new() { MessagesPerMinute = 1, MessagesPerMinutePerClient = 7 });
        var ada = await server.JoinAsync("Ada");
        var bob = await server.JoinAsync("Bob");
        for (var i = 0; i < ViewerChat.Burst; i++)
        {
            (await server.SendNowAsync(ada, $"{i}", IPAddress.Loopback)).Outcome.ShouldBe(ChatOutcome.Accepted);
        }

        var rejected = await server.SendAsync(ada, "one more", IPAddress.Loopback);
        rejected.Outcome.ShouldBe(ChatOutcome.TooMany);
        rejected.RetryAfter.ShouldBeGreaterThan(TimeSpan.Zero);

        (await server.SendNowAsync(bob, "0", IPAddress.Loopback)).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await server.SendNowAsync(bob, "1", IPAddress.Loopback)).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await server.SendAsync(bob, "2", IPAddress.Loopback)).Outcome.ShouldBe(ChatOutcome.TooMany, "the network has sent seven");
        (await server.SendNowAsync(bob, "2", IPAddress.Parse("192.0.2.1"))).Outcome.ShouldBe(ChatOutcome.Accepted);
    }

    [Fact]
    public async Task Joining_is_limited_per_network()
    {
        await using var server = await StartAsync(options: new() { JoinsPerMinutePerClient = 3 });
        for (var i = 0; i < 3; i++)
        {
            (await server.Chat.JoinAsync(ChatServer.Demo, "Ada", null, IPAddress.Loopback, default)).Outcome.ShouldBe(ChatOutcome.Accepted);
        }

        (await server.Chat.JoinAsync(ChatServer.Demo, "Ada", null, IPAddress.Loopback, default)).Outcome.ShouldBe(ChatOutcome.TooMany);
        (await server.Chat.JoinAsync(ChatServer.Demo, "Ada", null, null, default)).Outcome
            .ShouldBe(ChatOutcome.Accepted, "the address is not known");
    }

    [Fact]
    public async Task Invalid_requests_say_what_is_wrong()
    {
        await using var server = await StartAsync();
        var token = await server.JoinAsync("Ada");
        (await server.Chat.JoinAsync(ChatServer.Demo, "\u200B", null, null, default)).Outcome.ShouldBe(ChatOutcome.Invalid);
        (await server.SendAsync(null, "hello")).Outcome.ShouldBe(ChatOutcome.NoIdentity);
        (await server.SendAsync(token + "x", "hello")).Outcome.ShouldBe(ChatOutcome.NoIdentity);
        (await server.SendAsync(token, "")).ShouldBe(new(ChatOutcome.Invalid, "'text' is empty."));
        (await server.SendAsync(token, new string('a', 501))).Outcome.ShouldBe(ChatOutcome.Invalid);
        (await server.SendAsync(token, "hello", replyTo: "1")).ShouldBe(new(ChatOutcome.Invalid, "'replyTo' is not the id of a message."));
        (await server.SendAsync(token, "hello", replyTo: "7-1")).Outcome.ShouldBe(ChatOutcome.Accepted);
        (await server.ReadAsync(1)).GetProperty("messages")[0].GetProperty("replyTo").GetString().ShouldBe("7-1");
    }

    [Fact]
    public async Task Channel_without_chat_has_no_messages_and_accepts_none()
    {
        await using var server = await StartAsync();
        var token = await server.JoinAsync("Ada");
        (await server.SendAsync(token, "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
        await server.SetAsync(isOn: false);
        (await server.Chat.FindAsync(ChatServer.Demo, ChatServer.Session, default)).ShouldBeNull();
        (await server.Chat.ReadAsync(ChatServer.Demo, ChatServer.Session, 1, default)).ShouldBeNull();
        (await server.SendAsync(token, "hello")).Outcome.ShouldBe(ChatOutcome.Denied);
        (await server.Chat.JoinAsync(ChatServer.Demo, "Bob", null, null, default)).Outcome.ShouldBe(ChatOutcome.Denied);
        (await Should.ThrowAsync<OperationException>(server.Settings.ChangeAsync(ChannelName.Parse("unknown"), new(true)))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Unreadable_number_of_messages_is_sampled_and_all_are_stored()
    {
        await using var server = await StartAsync(options: new() { ReadableRate = 3 });
        var tokens = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            tokens.Add(await server.JoinAsync($"Viewer {i}"));
        }

        await server.SendAsync(tokens[0], "first");
        var waiting = tokens.Select((token, i) => server.SendAsync(token, $"message {i}")).ToList();
        await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await Task.WhenAll(waiting)).ShouldAllBe(answer => answer.Outcome == ChatOutcome.Accepted);
        (await server.ReadAsync(2)).GetProperty("messages").GetArrayLength().ShouldBe(3);
        await using var count = server.Database.Source.CreateCommand("SELECT count(*) FROM chat_messages WHERE batch = 2");
        (await count.ExecuteScalarAsync()).ShouldBe(8L);

        await using var restarted = await StartAsync(server.Options);
        (await restarted.ReadAsync(2)).GetRawText().ShouldBe((await server.ReadAsync(2)).GetRawText());
    }

    [Fact]
    public async Task Lost_database_rejects_messages_and_keeps_what_is_in_memory()
    {
        await using var server = await StartAsync();
        var token = await server.JoinAsync("Ada");
        (await server.SendAsync(token, "hello")).Outcome.ShouldBe(ChatOutcome.Accepted);
        var batch = await server.ReadAsync(1);
        await server.Database.DisposeAsync();

        var waiting = server.SendAsync(token, "lost");
        await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        (await waiting).Outcome.ShouldBe(ChatOutcome.Unavailable);
        (await server.LastAsync()).ShouldBe(1);
        (await server.ReadAsync(1)).GetRawText().ShouldBe(batch.GetRawText());
        await Should.ThrowAsync<ChatUnavailableException>(async () =>
            await server.Chat.FindAsync(ChatServer.Demo, SessionId.Parse("01JN8E0000000000000000000B"), default));
    }

    [Fact]
    public async Task Messages_go_to_the_partition_of_their_month_and_end_with_their_session()
    {
        await using var server = await StartAsync();
        var token = await server.JoinAsync("Ada");
        (await server.SendAsync(token, "in January")).Outcome.ShouldBe(ChatOutcome.Accepted);
        await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        server.Time.Advance(TimeSpan.FromDays(20));
        await Poll.UntilAsync(() => server.Writer.Count == 0);
        server.Time.Advance(TimeSpan.FromDays(15));
        (await server.SendAsync(await server.JoinAsync("Ada"), "in February")).Outcome.ShouldBe(ChatOutcome.Accepted);
        await using var partitions = server.Database.Source.CreateCommand(
            "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '^chat_messages_[0-9_]+$'");
        (await partitions.ExecuteScalarAsync()).ShouldBe("chat_messages_2030_01 chat_messages_2030_02");

        await server.ExecuteAsync("DELETE FROM channels");
        await using var count = server.Database.Source.CreateCommand("SELECT count(*) FROM chat_messages");
        (await count.ExecuteScalarAsync()).ShouldBe(0L);
    }

    private Task<ChatServer> StartAsync(DatabaseOptions? database = null, ChatOptions? options = null) =>
        ChatServer.StartAsync(postgres, database, options);
}
