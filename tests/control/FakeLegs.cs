using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;

namespace Broadcast.Control.Tests;

/// <summary>Connections to other platforms whose states tests set.</summary>
internal sealed class FakeLegs : ITargetLegs
{
    private readonly ConcurrentDictionary<long, TargetStatus> _states = new();

    /// <inheritdoc/>
    public event Action? Changed;

    /// <summary>Targets as last applied.</summary>
    public IReadOnlyDictionary<SessionId, IReadOnlyList<TargetSettings>> Applied { get; private set; } =
        new Dictionary<SessionId, IReadOnlyList<TargetSettings>>();

    /// <summary>All targets as last applied.</summary>
    public IEnumerable<TargetSettings> Targets => Applied.Values.SelectMany(targets => targets);

    /// <summary>Targets that were tested.</summary>
    public ConcurrentQueue<TargetSettings> Tested { get; } = new();

    /// <summary>Reason why tests fail; <see langword="null"/> when they succeed.</summary>
    public string? TestFailure { get; set; }

    /// <summary>Sets the state of the only target.</summary>
    public void Set(TargetState state, string? reason = null)
    {
        _states[Targets.Single().Id] = new(state, reason, DateTimeOffset.UnixEpoch.AddYears(60)) { BitsPerSecond = 1000 };
        Changed?.Invoke();
    }

    /// <inheritdoc/>
    public void Apply(IReadOnlyDictionary<SessionId, IReadOnlyList<TargetSettings>> targets) => Applied = targets;

    /// <inheritdoc/>
    public IReadOnlyDictionary<long, TargetStatus> Find(SessionId session) => Applied.TryGetValue(session, out var targets)
        ? targets.Where(target => _states.ContainsKey(target.Id)).ToDictionary(target => target.Id, target => _states[target.Id])
        : new Dictionary<long, TargetStatus>();

    /// <inheritdoc/>
    public Task<TargetTestResult?> TestAsync(SessionId? session, TargetSettings target, CancellationToken cancellationToken)
    {
        Tested.Enqueue(target);
        return Task.FromResult<TargetTestResult?>(new TargetTestResult(TestFailure is null, TestFailure, TimeSpan.FromSeconds(0.5)));
    }
}
