namespace Broadcast.Control;

/// <summary>Values that the first start shows to the operator once.</summary>
/// <param name="Channel">Channel created because none existed; <see langword="null"/> when none was created.</param>
/// <param name="StreamKey">Stream key of that channel, shown only once.</param>
/// <param name="SetupCode">Code for creating the dashboard's first admin; <see langword="null"/> when an admin token already
/// existed.</param>
public sealed record FirstRunResult(string? Channel, string? StreamKey, string? SetupCode)
{
    /// <summary>Text without the secrets.</summary>
    public override string ToString() => $"first run (channel {Channel ?? "-"})";
}

/// <summary>Hands the values of the first start to the host.</summary>
public sealed class FirstRun
{
    private readonly TaskCompletionSource<FirstRunResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>
    /// Completes when the database has been reached for the first time. This is normally during the host's start, and later when a
    /// configured server is unreachable at that time.
    /// </summary>
    public Task<FirstRunResult> Completion => _result.Task;

    internal void Set(FirstRunResult result) => _result.TrySetResult(result);
}
