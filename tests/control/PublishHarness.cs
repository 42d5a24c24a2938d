using System.Net;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;

namespace Broadcast.Control.Tests;

/// <summary>Records session ends reported to the packager.</summary>
internal sealed class RecordingLifecycle : ISessionLifecycle
{
    private readonly List<(string Channel, SessionId Session, string Reason)> _ended = [];
    private readonly List<SessionId> _forgotten = [];
    private readonly List<SessionId> _letGo = [];
    private readonly List<SessionId> _letGoBeforeEnd = [];
    private readonly List<SessionId> _resumed = [];

    private readonly List<string> _holds = [];
    private readonly List<string> _recovered = [];
    private readonly List<(BroadcastSession Session, SessionCopy Copy)> _takenOver = [];
    private readonly List<BroadcastSession> _takenOverStored = [];

    /// <summary>Channels whose earlier sessions were requested before those of others.</summary>
    public IReadOnlyList<string> Recovered
    {
        get
        {
            lock (_ended)
            {
                return [.. _recovered];
            }
        }
    }

    /// <summary>Completes when the earlier sessions of all channels are known.</summary>
    public Task AllRecovered { get; set; } = Task.CompletedTask;

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

    /// <summary>Sessions owned by another server.</summary>
    public IReadOnlyList<SessionId> Release
    {
        get
        {
            lock (_ended)
            {
                return [.. _letGo];
            }
        }
    }

    /// <summary>Sessions that were released and had not ended until then.</summary>
    public IReadOnlyList<SessionId> ReleasedBeforeEnd
    {
        get
        {
            lock (_ended)
            {
                return [.. _letGoBeforeEnd];
            }
        }
    }

    /// <summary>Open sessions of this server at its start.</summary>
    public IReadOnlyList<SessionId> Resumed
    {
        get
        {
            lock (_ended)
            {
                return [.. _resumed];
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

    /// <summary>Sessions taken over from lost servers.</summary>
    public IReadOnlyList<(BroadcastSession Session, SessionCopy Copy)> TakenOver
    {
        get
        {
            lock (_ended)
            {
                return [.. _takenOver];
            }
        }
    }

    /// <summary>Called before a session is taken over; may throw.</summary>
    public Action<CancellationToken>? TakingOver { get; set; }

    /// <summary>Called before a session is resumed; may throw.</summary>
    public Action<CancellationToken>? Resuming { get; set; }

    /// <summary>Indicates whether sessions have media, so that they can be held.</summary>
    public bool HasMedia { get; set; } = true;

    /// <summary>Changes of holds, oldest first: <c>held</c>, <c>continued</c> and <c>released</c>.</summary>
    public IReadOnlyList<string> Holds
    {
        get
        {
            lock (_ended)
            {
                return [.. _holds];
            }
        }
    }

    /// <summary>Answers whether the object store has the journal of a session; may throw.</summary>
    public Func<SessionId, Task<bool>> IsStored { get; set; } = _ => Task.FromResult(false);

    /// <summary>Sessions taken over from their journals.</summary>
    public IReadOnlyList<BroadcastSession> TakenOverStored
    {
        get
        {
            lock (_ended)
            {
                return [.. _takenOverStored];
            }
        }
    }

    /// <summary>Called before a session is deleted.</summary>
    public Action<SessionId>? Forgetting { get; set; }

    public ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            _ended.Add((channel.Value, session, reason));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            // Servers repeat it with each check.
            if (!_letGo.Contains(session))
            {
                _letGo.Add(session);
            }

            if (!_ended.Exists(end => end.Session == session))
            {
                _letGoBeforeEnd.Add(session);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ResumeAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            _resumed.Add(session);
        }

        Resuming?.Invoke(cancellationToken);
        return RecoverAsync(channel, cancellationToken);
    }

    public ValueTask<ISessionHold?> HoldAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        AddHold("held");
        return new(HasMedia ? new Hold(this) : null);
    }

    private void AddHold(string what)
    {
        lock (_ended)
        {
            _holds.Add(what);
        }
    }

    public ValueTask TakeOverAsync(BroadcastSession session, SessionCopy copy, CancellationToken cancellationToken)
    {
        TakingOver?.Invoke(cancellationToken);
        lock (_ended)
        {
            _takenOver.Add((session, copy));
        }

        return ValueTask.CompletedTask;
    }

    public async ValueTask<bool> IsStoredAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        await IsStored(session);

    public ValueTask TakeOverStoredAsync(BroadcastSession session, CancellationToken cancellationToken)
    {
        TakingOver?.Invoke(cancellationToken);
        lock (_ended)
        {
            _ended.Exists(end => end.Session == session.Id).ShouldBeFalse("its end comes after its media are known");
            _takenOverStored.Add(session);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask RecoverAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        lock (_ended)
        {
            _recovered.Add(channel.Value);
        }

        return ValueTask.CompletedTask;
    }

    public Task WhenRecoveredAsync(CancellationToken cancellationToken) => AllRecovered.WaitAsync(cancellationToken);

    public ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        Forgetting?.Invoke(session);
        lock (_ended)
        {
            _forgotten.Add(session);
        }

        return ValueTask.CompletedTask;
    }

    private sealed class Hold(RecordingLifecycle lifecycle) : ISessionHold
    {
        private bool _isReleased;

        public void Release()
        {
            _isReleased = true;
            lifecycle.AddHold("released");
        }

        public void Dispose()
        {
            if (!_isReleased)
            {
                lifecycle.AddHold("continued");
            }
        }
    }
}

/// <summary>The publish authorizer with a real database and a stopped clock.</summary>
internal sealed class PublishHarness : IAsyncDisposable
{
    private int _ports = 1000;

    private readonly AuthCallbackClient _client;

    private PublishHarness(ServerDatabase database, ManualTimeProvider clock, ControlOptions options, AuthorizationOptions authorization)
    {
        var (control, webhook) = (Options.Create(options), Options.Create(authorization));
        Database = database;
        Clock = clock;
        Channels = new(database, clock);
        Keys = new(database, clock);
        Register = new(database, control, clock);
        Ledger = new(database, clock, NullLogger.Instance);
        Audience = new(database, Log.For<SessionVisibilityStore>(), Ledger);
        Previews.Others = Gate;
        Book = new(Ledger, Lifecycle, clock, NullLogger.Instance, Audience, Previews);
        Door = new(Book, control, clock);
        _client = new(webhook, clock, Log.For<AuthCallbackClient>());
        Notices = new(_client, webhook, clock, Log.For<AuthCallbackNotifier>());
        var attempts = new KeyAttempts(control, clock);
        var channels = new AuthCallbackChannels(database, Channels, control, clock);
        Check = new(new(Register, attempts, clock), _client, channels, attempts, webhook, clock, Log.For<PublishAuthorization>());
        Authority = NewAuthority();
    }

    public ManualTimeProvider Clock { get; }

    public CapturingLogger Log { get; } = new();

    public PublishAuthorization Check { get; }

    public AuthCallbackNotifier Notices { get; }

    public ServerDatabase Database { get; }

    public ChannelRepository Channels { get; }

    public StreamKeys Keys { get; }

    public StreamKeyCache Register { get; }

    public RecordingLifecycle Lifecycle { get; } = new();

    public SessionWriter Ledger { get; }

    public SessionVisibilityStore Audience { get; }

    /// <summary>Channels with an event in preview.</summary>
    public PreviewedChannels Previews { get; } = new();

    public SessionManager Book { get; }

    public PublishAdmission Door { get; }

    public ActiveEventCache Gate { get; } = new();

    public PublishAuthorizer Authority { get; }

    /// <param name="postgres">The database server.</param>
    /// <param name="options">Options of the control module.</param>
    /// <param name="authorization">Decides about publishers; by default stream keys.</param>
    public static async Task<PublishHarness> OpenAsync(PostgresFixture postgres, ControlOptions? options = null,
        AuthorizationOptions? authorization = null)
    {
        var rig = new PublishHarness(await postgres.OpenFreshAsync(), new(), options ?? new(), authorization ?? new());
        await rig.Notices.StartAsync(default);
        rig.Authority.Start();
        return rig;
    }

    /// <summary>Creates an authorizer that is not started.</summary>
    public PublishAuthorizer NewAuthority() => new(Check, Register, Book, Door, Gate, new(Gate, Clock), Notices,
        Log.For<PublishAuthorizer>());

    public ValueTask<PublishDecision> AskAsync(string key, string address = "192.0.2.1", PublishConnectInfo? target = null) =>
        Authority.AuthorizeAsync(new(key, new IPEndPoint(IPAddress.Parse(address), _ports++), "test") { Target = target
            ?? PublishConnectInfo.Unknown }, default);

    public async Task<PublishGrant> GrantedAsync(string key) => (await AskAsync(key)) switch
    {
        PublishDecision.Granted granted => granted.Grant,
        var refused => throw new InvalidOperationException(refused.ToString()),
    };

    public async Task<PublishDecision.Rejected> RefusedAsync(string key, string address = "192.0.2.1") =>
        (PublishDecision.Rejected)await AskAsync(key, address);

    public ValueTask LeaveAsync(PublishGrant grant) => Authority.ReportEndAsync(grant, "closed", default);

    public async Task<IReadOnlyList<SessionInfo>> HistoryAsync(string channel)
    {
        await Ledger.FlushAsync(default);
        return await new SessionHistory(Database).ListAsync(channel);
    }

    public async ValueTask DisposeAsync()
    {
        // Its timeout at the end is measured by the stopped clock.
        var stopping = Notices.StopAsync(default);
        await Poll.UntilAsync(() =>
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            return stopping.IsCompleted;
        });
        await stopping;
        Notices.Dispose();
        _client.Dispose();
        Audience.Dispose();
        await Database.DisposeAsync();
    }
}

/// <summary>Channels with an event in preview, by number.</summary>
internal sealed class PreviewedChannels : HashSet<long>, IActiveEvents
{
    /// <summary>Fallback for other channels.</summary>
    public IActiveEvents? Others { get; set; }

    public ActiveEvent? Find(long channelId) => Contains(channelId) ? new("01", "An evening", IsLive: false, null, null, null)
        : Others?.Find(channelId);
}
