using System.Net;
using System.Text.Json;
using Broadcast.Chat.Feed;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Limits;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Moderation;
using Broadcast.Chat.Settings;
using Broadcast.Control.Tests;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Broadcast.Testing;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Broadcast.Chat.Tests;

/// <summary>The chat of one server, on a real database.</summary>
internal sealed class ChatServer : IAsyncDisposable
{
    public static readonly ChannelName Demo = ChannelName.Parse("demo");
    public static readonly SessionId Session = SessionId.Parse("01JN8E0000000000000000000A");
    public static readonly DateTimeOffset At = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly ChatModerator Jane = new("user/jane", "Jane Doe");

    private readonly ChatSettingsCache _settings = new();

    private ChatServer(DatabaseOptions options, ServerDatabase database, ChatOptions chat, IMessageReview? review)
    {
        (Options, Database) = (options, database);
        Store = new ChatStore(database, new ChangeLog());
        Settings = new ChatSettingsStore(database, new ChangeLog(), Time);
        var feed = new ChatFeed(Store, Time);
        var keys = new ChatKeys(database, Time);
        Writer = new ChatWriter(Store, feed, Microsoft.Extensions.Options.Options.Create(chat), Time);
        Chat = new ViewerChat(feed, Writer, keys, _settings, new NetworkHashes(database, Time),
            Microsoft.Extensions.Options.Options.Create(chat), Time, NullLogger<ViewerChat>.Instance, review);
        Moderation = new ChatModeration(database, keys, new ChangeLog(), Time);
        Listener = new ChatListener(database, Store, feed, TimeProvider.System, NullLogger<ChatListener>.Instance);
    }

    public DatabaseOptions Options { get; }

    public ServerDatabase Database { get; }

    public ManualTimeProvider Time { get; } = new(At);

    public ChatStore Store { get; }

    public ChatSettingsStore Settings { get; }

    public ChatWriter Writer { get; }

    public ViewerChat Chat { get; }

    public ChatModeration Moderation { get; }

    public ChatListener Listener { get; }

    /// <summary>Starts a server with the channel <c>demo</c>, whose chat is on, or one on the database of another.</summary>
    public static async Task<ChatServer> StartAsync(PostgresFixture postgres, DatabaseOptions? database = null,
        ChatOptions? options = null, IMessageReview? review = null)
    {
        var settings = database ?? await postgres.FreshAsync();
        var server = new ChatServer(settings, await postgres.OpenAsync(settings), options ?? new ChatOptions(), review);
        if (database is null)
        {
            await server.ExecuteAsync("INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, created_at) "
                + "VALUES ('demo', '', 'auto', 'standard', 60, now())");
        }

        await server.SetAsync(isOn: true);
        return server;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql)
    {
        await using var connection = await Database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<T>(sql)];
    }

    public async Task SetAsync(bool isOn)
    {
        (await Settings.ChangeAsync(Demo, new(isOn))).Enabled.ShouldBe(isOn);
        (await Settings.GetAsync(Demo)).Enabled.ShouldBe(isOn);
        await ReloadAsync();
    }

    /// <summary>Reads the settings again, as servers do after a notification.</summary>
    public async Task ReloadAsync()
    {
        await using var connection = await Database.Source.OpenConnectionAsync();
        await _settings.LoadAsync(connection, default);
    }

    public async Task<string> JoinAsync(string name, string? viewer = null)
    {
        var answer = await Chat.JoinAsync(Demo, name, viewer, null, default);
        answer.Outcome.ShouldBe(ChatOutcome.Accepted);
        return answer.Value;
    }

    public Task<ChatAnswer> SendAsync(string? token, string text, IPAddress? client = null, string? replyTo = null) =>
        Chat.SendAsync(new(Demo, Session, token, text, replyTo, At, client), default);

    /// <summary>Sends a request of a page.</summary>
    public Task<ChatAnswer> PostAsync(string token, ChatPostForm form) =>
        Chat.SendAsync(new(Demo, Session, token, form.Text, null, At, null)
        {
            Kind = form.Kind, Reactions = form.Reactions, Subject = form.Subject, Choice = form.Choice,
        }, default);

    /// <summary>Lets time pass until all requests are answered, and the next one gets a batch of its own.</summary>
    public async Task<IReadOnlyList<ChatAnswer>> FinishAsync(IReadOnlyList<Task<ChatAnswer>> requests)
    {
        await Poll.UntilAsync(() =>
        {
            if (Time.ArmedTimers > 0)
            {
                Time.Advance(TimeSpan.FromMilliseconds(100));
            }

            return requests.All(request => request.IsCompleted) && Writer.Count == 0;
        });
        return await Task.WhenAll(requests);
    }

    /// <summary>Begins the session in the database, as control does.</summary>
    public Task OpenSessionAsync() => ExecuteAsync(
        $"INSERT INTO sessions (id, channel_id, epoch, latency, started_at) SELECT '{Session}', id, 1, 'standard', now() FROM channels");

    /// <summary>Sends a message, and lets time pass until it is stored.</summary>
    public async Task<ChatAnswer> SendNowAsync(string token, string text, IPAddress? client = null)
    {
        var sending = SendAsync(token, text, client);
        await Poll.UntilAsync(() =>
        {
            // The next batch is due after the interval. Less than the time of a permit.
            if (!sending.IsCompleted && Time.ArmedTimers > 0)
            {
                Time.Advance(TimeSpan.FromMilliseconds(100));
            }

            return sending.IsCompleted;
        });
        return await sending;
    }

    public Task<ChatAction> ActAsync(ChatActionKind kind, string? message = null, string? participant = null, int? seconds = null,
        bool network = false, string? text = null, string reason = "") =>
        Moderation.ActAsync(new(Demo, Jane, kind, reason)
        {
            Message = message, Participant = participant, Duration = seconds is { } s ? TimeSpan.FromSeconds(s) : null,
            IncludesNetwork = network, Text = text,
        });

    /// <summary>Removes a message; <see langword="false"/> when it was removed before.</summary>
    public async Task<bool> RemoveAsync(string message)
    {
        try
        {
            await ActAsync(ChatActionKind.Remove, message);
            return true;
        }
        catch (OperationException conflict) when (conflict.Code == OperationErrorCode.Conflict)
        {
            return false;
        }
    }

    /// <summary>Ids of the messages that a page shows which has read all batches, in the order of their arrival.</summary>
    public async Task<IReadOnlyList<string>> ShownAsync()
    {
        List<string> shown = [];
        for (var number = 1L; number <= await LastAsync(); number++)
        {
            var batch = await ReadAsync(number);
            shown.RemoveAll(id => Ids(batch, "removed").Contains(id));
            shown.AddRange(batch.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("id").GetString()!)
                .Where(id => !shown.Contains(id)));
        }

        return shown;
    }

    public static IReadOnlyList<string> Ids(JsonElement batch, string member) =>
        batch.TryGetProperty(member, out var ids) ? [.. ids.EnumerateArray().Select(id => id.GetString()!)] : [];

    public async Task<long> LastAsync() => (await Chat.FindAsync(Demo, Session, default)).ShouldNotBeNull().Last;

    public async Task<string> StateAsync() =>
        System.Text.Encoding.UTF8.GetString((await Chat.FindAsync(Demo, Session, default)).ShouldNotBeNull().State.Span);

    public async Task<JsonElement> ReadAsync(long batch) =>
        JsonDocument.Parse((await Chat.ReadAsync(Demo, Session, batch, default)).ShouldNotBeNull()).RootElement;

    public async Task<bool> IsListeningAsync(int count)
    {
        await using var command = Database.Source.CreateCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN broadcast_chat%'");
        return (long)(await command.ExecuteScalarAsync())! >= count;
    }

    public async ValueTask DisposeAsync() => await Database.DisposeAsync();
}

/// <summary>A request of a page.</summary>
internal sealed record ChatPostForm(ChatPostKind Kind)
{
    public string? Text { get; init; }

    public Dictionary<string, int>? Reactions { get; init; }

    public string? Subject { get; init; }

    public int? Choice { get; init; }
}
