using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broadcast.Control.Tests;

/// <summary>
/// Events on a channel 'demo' with a real database, a stopped clock at 12:00 UTC on 1 January 2030, and encoders that publish through the
/// authorizer.
/// </summary>
internal sealed class EventHarness : IAsyncDisposable
{
    private readonly PublishHarness _rig;
    private string _key = "";

    private EventHarness(PublishHarness rig)
    {
        _rig = rig;
        Events = new(rig.Database, rig.Clock);
        Viewing = new(rig.Clock);
        Keeper = NewKeeper();
    }

    public EventRepository Events { get; }

    /// <summary>The scheduler; runs only when <see cref="EventScheduler.RunOnceAsync"/> is called.</summary>
    public EventScheduler Keeper { get; }

    public ManualTimeProvider Clock => _rig.Clock;

    public ChannelRepository Channels => _rig.Channels;

    public ServerDatabase Database => _rig.Database;

    public SessionManager Book => _rig.Book;

    public SessionWriter Ledger => _rig.Ledger;

    public RecordingLifecycle Lifecycle => _rig.Lifecycle;

    public ActiveEventCache Gate => _rig.Gate;

    public SessionVisibilityStore Audience => _rig.Audience;

    /// <summary>Cache of viewer access policies.</summary>
    public ViewerPolicyCache Viewing { get; }

    public static async Task<EventHarness> OpenAsync(PostgresFixture postgres)
    {
        var rig = new EventHarness(await PublishHarness.OpenAsync(postgres));
        rig._key = (await rig.Channels.CreateAsync("demo", new(Title: "Demo"))).Key.StreamKey;
        return rig;
    }

    public EventScheduler NewKeeper(ServerIdentity? identity = null) => new(_rig.Database, _rig.Book, _rig.Ledger, _rig.Gate,
        new(_rig.Book, _rig.Ledger, _rig.Audience, Viewing, NullLogger<EventSessions>.Instance), _rig.Clock,
        NullLogger<EventScheduler>.Instance, identity);

    /// <summary>Creates an event on 'demo' that starts and ends the given minutes from now.</summary>
    public Task<EventInfo> PlanAsync(double start, double end, EventSettings? settings = null) =>
        Events.CreateAsync((settings ?? new()) with
    {
        Title = settings?.Title ?? "Show", Channel = "demo", Start = EventTime.At(Clock.GetUtcNow().AddMinutes(start)),
        End = EventTime.At(Clock.GetUtcNow().AddMinutes(end)),
    });

    /// <summary>Connects an encoder to 'demo'.</summary>
    public Task<PublishGrant> ComeAsync() => _rig.GrantedAsync(_key);

    /// <summary>Requests permission to publish to 'demo'.</summary>
    public async Task<PublishDecision> AskAsync() => await _rig.AskAsync(_key);

    public async Task GoAsync(PublishGrant grant) => await _rig.LeaveAsync(grant);

    /// <summary>Advances the clock by minutes and runs the due steps.</summary>
    public async Task PassAsync(double minutes)
    {
        Clock.Advance(TimeSpan.FromMinutes(minutes));
        await Keeper.RunOnceAsync(default);
    }

    /// <summary>Returns an event's state after the due steps.</summary>
    public async Task<EventState> StateAsync(EventInfo planned)
    {
        await Keeper.RunOnceAsync(default);
        return (await Events.GetAsync(planned.Id)).State;
    }

    public async ValueTask DisposeAsync()
    {
        Keeper.Dispose();
        Viewing.Dispose();
        await _rig.DisposeAsync();
    }
}
