using System.Collections.Concurrent;
using Broadcast.Control.Access;
using Broadcast.Control.Events;
using Broadcast.Control.Pages;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Servers;
using Broadcast.Control.Targets;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class NotificationListenerTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("channels:7", "channels", "7")]
    [InlineData("sessions:a:b", "sessions", "a:b")]
    [InlineData("other", "other", "")]
    public void Payload_names_a_table_and_a_row(string payload, string table, string rowId) =>
        DatabaseNotification.Parse(payload).ShouldBe(new(table, rowId));

    [Fact]
    public async Task Handlers_get_their_notifications_in_order_and_reload_with_every_connection()
    {
        await using var database = await postgres.OpenFreshAsync();
        var calls = new ConcurrentQueue<string>();
        var listener = new NotificationListener(database, [new Handler("first", "a", calls), new Handler("second", "ab", calls)],
            TimeProvider.System, NullLogger<NotificationListener>.Instance);
        using var stop = new CancellationTokenSource();

        await listener.LoadAsync(default);
        calls.ToArray().ShouldBe(["first loads", "second loads"]);
        calls.Clear();
        var prepared = 0;
        var running = listener.RunAsync(_ => Task.FromResult(prepared++), stop.Token);
        await Poll.UntilAsync(() => calls.Count == 2);
        await NotifyAsync(database, "c:1");
        await NotifyAsync(database, "b:1");
        await Poll.UntilAsync(() => calls.Count == 3);
        await NotifyAsync(database, "a:1");
        await Poll.UntilAsync(() => calls.Count == 5);
        calls.ToArray().ShouldBe(["first reloads", "second reloads", "second b:1", "first a:1", "second a:1"]);
        calls.Clear();

        await NotifyAsync(database, "a:fail");
        await Poll.UntilAsync(() => calls.Count == 3, description: "it listens again");
        calls.ToArray().ShouldBe(["first a:fail", "first reloads", "second reloads"]);
        prepared.ShouldBe(2);

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Complete_reload_may_take_longer_than_other_statements_and_the_age_of_the_data_is_known()
    {
        await using var database = await postgres.OpenAsync(new()
        {
            ConnectionString = (await postgres.FreshAsync()).ConnectionString, CommandTimeout = TimeSpan.FromSeconds(1),
        });
        var (handler, clock) = (new SlowHandler(), new ManualTimeProvider());
        var listener = new NotificationListener(database, [handler], clock, NullLogger<NotificationListener>.Instance);
        using var stop = new CancellationTokenSource();
        clock.Advance(TimeSpan.FromMinutes(5));
        listener.DataAge.ShouldBe(TimeSpan.FromMinutes(5));

        await listener.LoadAsync(default);
        var running = listener.RunAsync(_ => Task.CompletedTask, stop.Token);

        await Poll.UntilAsync(() => handler.Reloads > 0);
        await Poll.UntilAsync(() => listener.DataAge == TimeSpan.Zero);
        await stop.CancelAsync();
        await running;
        handler.Reloads.ShouldBe(1, "none failed");
    }

    [Fact]
    public async Task Handlers_are_registered_in_the_order_of_their_work()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);

        server.Get<IEnumerable<INotificationHandler>>().Select(handler => handler.GetType())
            .Where(type => type.Assembly == typeof(EventStream).Assembly).ShouldBe([
            typeof(EventStream), typeof(OwnershipCheck), typeof(WebhookDispatcher), typeof(ViewerAccessRefresh),
            typeof(RecordingCatalog), typeof(RecordingRetentionService), typeof(PageDataCache), typeof(StreamKeyCache),
            typeof(EventScheduler), typeof(TargetService), typeof(KeyReconciliation),
        ]);
    }

    private static async Task NotifyAsync(ServerDatabase database, string payload)
    {
        await using var command = database.Source.CreateCommand("SELECT pg_notify('broadcast_control', $1)");
        command.Parameters.Add(new() { Value = payload });
        await command.ExecuteNonQueryAsync();
    }

    private sealed class Handler(string name, string tables, ConcurrentQueue<string> calls) : INotificationHandler
    {
        public bool Handles(DatabaseNotification notification) => tables.Contains(notification.Table, StringComparison.Ordinal);

        public Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Add("loads");

        public Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Add("reloads");

        public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
            CancellationToken cancellationToken)
        {
            _ = Add(string.Join(' ', notifications.Select(n => $"{n.Table}:{n.RowId}").Order(StringComparer.Ordinal)));
            return notifications.Any(n => n.RowId == "fail") ? throw new OperationException(OperationErrorCode.Invalid, "failed")
                : Task.CompletedTask;
        }

        private Task Add(string call)
        {
            calls.Enqueue($"{name} {call}");
            return Task.CompletedTask;
        }
    }

    private sealed class SlowHandler : INotificationHandler
    {
        public int Reloads { get; private set; }

        public bool Handles(DatabaseNotification notification) => false;

        public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
            CancellationToken cancellationToken) => Task.CompletedTask;

        public Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
            RunAsync(connection, cancellationToken);

        public async Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        {
            Reloads++;
            await RunAsync(connection, cancellationToken);
        }

        private static async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand("SELECT pg_sleep(1.5)", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
