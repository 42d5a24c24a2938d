using Broadcast.Control;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Ingest;

namespace Broadcast.Host.Configuration;

/// <summary>Checks that everything an encoder may wait for when publishing fits into ingest's authorization timeout.</summary>
internal static class PublishDeadlines
{
    /// <summary>
    /// The error, or <see langword="null"/>. With too short a timeout, an encoder waiting for a takeover would always be rejected just
    /// before it is admitted.
    /// </summary>
    /// <param name="control">Timeouts of the database and the takeover.</param>
    /// <param name="authorization">Timeout of the auth callback, if it is used.</param>
    /// <param name="ingest">The total timeout.</param>
    public static string? FindError(ControlOptions control, AuthorizationOptions authorization, IngestOptions ingest)
    {
        var usesAuthCallback = !string.Equals(authorization.Policy, "keys", StringComparison.Ordinal);
        var required = control.LookupTimeout + control.TakeoverWait + (usesAuthCallback ? authorization.Timeout : TimeSpan.Zero);
        if (required <= ingest.AuthorizationTimeout)
        {
            return null;
        }

        var authCallback = usesAuthCallback ? $", {AuthorizationOptions.Section}:{nameof(authorization.Timeout)} ({authorization.Timeout})"
            : "";
        return $"{IngestOptions.Section}:{nameof(ingest.AuthorizationTimeout)} is {ingest.AuthorizationTimeout}, "
            + $"but {ControlOptions.Section}:{nameof(control.LookupTimeout)} ({control.LookupTimeout}){authCallback} and "
            + $"{ControlOptions.Section}:{nameof(control.TakeoverWait)} ({control.TakeoverWait}) add up to {required}: a takeover would "
                + "time out and be rejected. Raise the first value, or lower the others.";
    }

    /// <summary>Checks a configuration whose values are all valid.</summary>
    public static string? FindError(IConfiguration configuration) => FindError(
        configuration.GetSection(ControlOptions.Section).Get<ControlOptions>() ?? new(),
        configuration.GetSection(AuthorizationOptions.Section).Get<AuthorizationOptions>() ?? new(),
        configuration.GetSection(IngestOptions.Section).Get<IngestOptions>() ?? new());
}
