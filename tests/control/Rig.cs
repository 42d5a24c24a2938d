using System.Net;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Tests;

/// <summary>Ends that the packager was told of.</summary>
internal sealed class RecordingLifecycle : ISessionLifecycle
{
    private readonly List<(string Channel, SessionId Session, string Reason)> _ended = [];
    private readonly List<SessionId> _forgotten = [];

    public IReadOnlyList<(string Channel, SessionId Session, string Reason)> Ended
    {
        get
        {
            lock (_ended)
            {
                return [.. _ended];
            }
        }
    }

    public IReadOnlyList<SessionId> Forgotten
    {
        get
        {
            lock (_ended)
            {
                return [.. _forgotten];
            }
        }
    }

    public ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            _ended.Add((channel.Value, session, reason));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            _forgotten.Add(session);
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>The publish authority over a real database and a clock that stands still.</summary>
internal sealed class Rig : IAsyncDisposable
{
    private int _ports = 1000;

    private Rig(Database database, ManualTimeProvider clock, ControlOptions options)
    {
        Database = database;
        Clock = clock;
        Channels = new(database, clock);
        Keys = new(database, clock);
        Register = new(database, Options.Create(options), clock);
        Ledger = new(database, clock, NullLogger.Instance);
        Book = new(Ledger, Lifecycle, clock, NullLogger.Instance);
        Door = new(Book, Options.Create(options), clock);
        Authority = new(Register, Book, Door, new(Options.Create(options), clock), clock, NullLogger<PublishAuthority>.Instance);
    }

    public ManualTimeProvider Clock { get; }

    public Database Database { get; }

    public ChannelDirectory Channels { get; }

    public StreamKeys Keys { get; }

    public KeyRegister Register { get; }

    public RecordingLifecycle Lifecycle { get; } = new();

    public SessionLedger Ledger { get; }

    public SessionBook Book { get; }

    public ChannelDoor Door { get; }

    public PublishAuthority Authority { get; }

    public static async Task<Rig> OpenAsync(PostgresFixture postgres, ControlOptions? options = null)
    {
        var rig = new Rig(await postgres.OpenFreshAsync(), new(), options ?? new());
        rig.Authority.Open();
        return rig;
    }

    public ValueTask<PublishVerdict> AskAsync(string key, string address = "192.0.2.1") =>
        Authority.AuthorizeAsync(new(key, new IPEndPoint(IPAddress.Parse(address), _ports++), "test"), default);

    public async Task<PublishGrant> GrantedAsync(string key) => (await AskAsync(key)) switch
    {
        PublishVerdict.Granted granted => granted.Grant,
        var refused => throw new InvalidOperationException(refused.ToString()),
    };

    public async Task<PublishVerdict.Refused> RefusedAsync(string key, string address = "192.0.2.1") => (PublishVerdict.Refused)await AskAsync(key, address);

    public ValueTask LeaveAsync(PublishGrant grant) => Authority.EndedAsync(grant, "closed", default);

    public async Task<IReadOnlyList<SessionInfo>> HistoryAsync(string channel)
    {
        await Ledger.FlushAsync(default);
        return await new SessionHistory(Database).ListAsync(channel);
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
