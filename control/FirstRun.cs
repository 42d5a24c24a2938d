namespace Broadcast.Control;

/// <summary>What this start has to tell the operator, once.</summary>
/// <param name="Channel">The channel made because there was none; <see langword="null"/> when none was made.</param>
/// <param name="StreamKey">Its stream key, shown this once.</param>
/// <param name="SetupCode">The code for the dashboard's first admin; <see langword="null"/> when there has been an admin token.</param>
public sealed record FirstRunResult(string? Channel, string? StreamKey, string? SetupCode)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"first run (channel {Channel ?? "-"})";
}

/// <summary>Where the host finds what the control room's start has to tell.</summary>
public sealed class FirstRun
{
    private readonly TaskCompletionSource<FirstRunResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the database has been reached for the first time: normally during the host's start, later when a configured server is away then.</summary>
    public Task<FirstRunResult> Completion => _result.Task;

    internal void Set(FirstRunResult result) => _result.TrySetResult(result);
}
