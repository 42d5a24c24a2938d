using Broadcast.Control;
using Broadcast.Ingest;

namespace Broadcast.Host.Configuration;

/// <summary>Whether all that an encoder may have to wait for before it is let in fits into the time that ingest gives it.</summary>
internal static class PublishDeadlines
{
    /// <summary>What is wrong, or <see langword="null"/>. Otherwise an encoder that waits for its predecessor's silence would be refused just before it is let in, each time.</summary>
    /// <param name="control">The database's and the takeover's part.</param>
    /// <param name="authorization">The webhook's part, where it is asked.</param>
    /// <param name="ingest">The whole.</param>
    public static string? Mistake(ControlOptions control, AuthorizationOptions authorization, IngestOptions ingest)
    {
        var asksWebhook = !string.Equals(authorization.Policy, "keys", StringComparison.Ordinal);
        var needed = control.LookupTimeout + control.TakeoverWait + (asksWebhook ? authorization.Timeout : TimeSpan.Zero);
        if (needed <= ingest.AuthorityTimeout)
        {
            return null;
        }

        var webhook = asksWebhook ? $", {AuthorizationOptions.Section}:{nameof(authorization.Timeout)} ({authorization.Timeout})" : "";
        return $"{IngestOptions.Section}:{nameof(ingest.AuthorityTimeout)} is {ingest.AuthorityTimeout}, but {ControlOptions.Section}:{nameof(control.LookupTimeout)} ({control.LookupTimeout}){webhook} and "
            + $"{ControlOptions.Section}:{nameof(control.TakeoverWait)} ({control.TakeoverWait}) may take {needed} together: an encoder that takes over would be refused while it waits. Raise the first, or lower the others.";
    }

    /// <summary>The same of a configuration whose values can all be read.</summary>
    public static string? Mistake(IConfiguration configuration) => Mistake(
        configuration.GetSection(ControlOptions.Section).Get<ControlOptions>() ?? new(),
        configuration.GetSection(AuthorizationOptions.Section).Get<AuthorizationOptions>() ?? new(),
        configuration.GetSection(IngestOptions.Section).Get<IngestOptions>() ?? new());
}
