using System.Net;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media.Outbound;
using Broadcast.Testing;
using Dapper;

namespace Broadcast.Control.Tests;

/// <summary>Webhooks with a real database, a stopped clock, and receivers on loopback, which is an allowed target here.</summary>
internal sealed class WebhookHarness : IAsyncDisposable
{
    private readonly List<WebhookSender> _senders = [];

    private WebhookHarness(ServerDatabase database) => Database = database;

    public ServerDatabase Database { get; }

    public ManualTimeProvider Clock { get; } = new();

    public CapturingLogger Log { get; } = new();

    public ControlOptions Options { get; } = new() { AllowedWebhookTargets = "127.0.0.0/8" };

    public WebhookRepository Webhooks => new(Database, Clock);

    public WebhookDeliveryLog Deliveries => new(Database, Microsoft.Extensions.Options.Options.Create(Options), Clock);

    public WebhookQueue Queue => new(Database, Clock);

    public static async Task<WebhookHarness> OpenAsync(PostgresFixture postgres) => new(await postgres.OpenFreshAsync());

    /// <summary>Creates a dispatcher; a second one simulates another process, or the same after a restart.</summary>
    public WebhookDispatcher Courier() => new(Queue, Sender(), Deliveries, Microsoft.Extensions.Options.Options.Create(Options), Clock,
        Log.For<WebhookDispatcher>());

    public WebhookSender Sender(Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        var sender = new WebhookSender(Options.CreateConnector(Clock, resolve),
            Microsoft.Extensions.Options.Options.Create(Options), Clock);
        _senders.Add(sender);
        return sender;
    }

    public async Task<IssuedWebhook> WebhookAsync(string url, WebhookSettings? settings = null) =>
        await Webhooks.CreateAsync((settings ?? new()) with { Url = url });

    /// <summary>Records an event on the channel <c>demo</c>.</summary>
    public async Task HappensAsync(string type, object? data = null)
    {
        await using var connection = await Database.Source.OpenConnectionAsync();
        await Outbox.AddAsync(connection, null, Clock.GetUtcNow(), type, "demo", data ?? new { }, default);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = await Database.Source.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public async ValueTask DisposeAsync()
    {
        _senders.ForEach(s => s.Dispose());
        await Database.DisposeAsync();
    }
}
