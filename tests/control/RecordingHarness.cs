using Broadcast.Control.Channels;
using Broadcast.Control.Lookups;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Tests;

/// <summary>Storage contents of sessions, set by the test.</summary>
internal sealed class SaidMedia : ISessionStorageInspector
{
    /// <summary>Sessions without segments.</summary>
    public HashSet<SessionId> Empty { get; } = [];

    /// <summary>Indicates whether the store fails.</summary>
    public bool IsAway { get; set; }

    public Task<bool> HasSegmentsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        IsAway ? throw new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "away") : Task.FromResult(!Empty.Contains(session));

    public Task<SessionStorageUsage> MeasureAsync(ChannelName channel, SessionId session, int atMost,
        CancellationToken cancellationToken) =>
        IsAway ? throw new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "away")
        : Task.FromResult(new SessionStorageUsage(12, 3456, IsComplete: true));
}

/// <summary>
/// Recordings with a real database and a stopped clock, on the channel <c>demo</c>, whose sessions end with their encoder.
/// </summary>
internal sealed class RecordingHarness : IAsyncDisposable
{
    private RecordingHarness(PublishHarness rig, string key)
    {
        (Rig, Key) = (rig, key);
        Recordings = new(rig.Database, rig.Clock);
        Catalog = new(rig.Database, Options.Create(new ControlOptions()), rig.Clock);
    }

    public PublishHarness Rig { get; }

    public string Key { get; }

    public RecordingRepository Recordings { get; }

    public RecordingCatalog Catalog { get; }

    public SaidMedia Media { get; } = new();

    public static async Task<RecordingHarness> OpenAsync(PostgresFixture postgres, ChannelSettings? settings = null)
    {
        var rig = await PublishHarness.OpenAsync(postgres);
        var made = await rig.Channels.CreateAsync("demo", (settings ?? new()) with { ReconnectWindow = TimeSpan.Zero });
        return new(rig, made.Key.StreamKey);
    }

    /// <summary>Creates a recording service; a second one simulates a restart.</summary>
    public RecordingRetentionService Keeper(bool hasMedia = true, TimeSpan grace = default, Func<DateTimeOffset>? databaseClock = null) =>
        new(Rig.Database, Rig.Book, Rig.Ledger, Rig.Clock, Rig.Log.For<RecordingRetentionService>(),
            Options.Create(new ControlOptions { ExpiredRecordingGrace = grace }),
            CreateDeletionClock(Rig.Clock, databaseClock), hasMedia ? Rig.Lifecycle : null, Media);

    /// <summary>Creates the clock of deletions, with the time of the test also for the database unless it has its own.</summary>
    public static DeletionClock CreateDeletionClock(TimeProvider time, Func<DateTimeOffset>? databaseClock = null) =>
        new(time, NullLogger<DeletionClock>.Instance, (_, _) => Task.FromResult(databaseClock?.Invoke() ?? time.GetUtcNow()));

    public async Task<PublishGrant> BeginAsync()
    {
        var grant = await Rig.GrantedAsync(Key);
        await Rig.Ledger.FlushAsync(default);
        return grant;
    }

    /// <summary>Creates an ended session of the given duration.</summary>
    public async Task<SessionId> SessionAsync(TimeSpan length)
    {
        var grant = await BeginAsync();
        Rig.Clock.Advance(length);
        await EndAsync(grant);
        return grant.Session.Id;
    }

    public async Task EndAsync(PublishGrant grant)
    {
        await Rig.LeaveAsync(grant);
        await Rig.Ledger.FlushAsync(default);
    }

    public async Task<List<string>> IdsAsync() => [.. (await Recordings.ListAsync(new())).Select(r => r.Id)];

    public async Task LearnAsync(params string[] notices)
    {
        await using var connection = await Rig.Database.Source.OpenConnectionAsync();
        await Catalog.HandleAsync(connection, [.. notices.Select(DatabaseNotification.Parse)], default);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Rig.Database.Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        Catalog.Dispose();
        await Rig.DisposeAsync();
    }
}
