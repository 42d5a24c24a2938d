using Broadcast.Control.Api;
using Broadcast.Media.Outbound;

namespace Broadcast.Control;

/// <summary>Options of the control module, section <c>Control</c>.</summary>
public sealed class ControlOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Control";

    /// <summary>Key of <see cref="AllowedWebhookTargets"/>, for messages.</summary>
    internal const string AllowedTargetsOption = $"{Section}:{nameof(AllowedWebhookTargets)}";

    /// <summary>Name of the channel that <see cref="CreateFirstChannel"/> creates.</summary>
    public const string FirstChannel = "main";

    /// <summary>
    /// Indicates whether to create the channel <c>main</c> at start when no channel exists. <c>broadcast up</c> turns it on. Default off,
    /// so that the processes of a cluster do not create it.
    /// </summary>
    public bool CreateFirstChannel { get; set; }

    /// <summary>
    /// Maximum request body of the API, in bytes. Bodies of the dashboard are under 1 KiB. Default 64 KiB, 1 KiB to 16 MiB.
    /// </summary>
    public int MaxBodyBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// Maximum API reads per second for each token or user. After an idle period, a burst of ten seconds' worth is allowed. Media, health
    /// pages and encoders are not limited. Default 50, 1 to 100000; 0 for no limit.
    /// </summary>
    public int ReadsPerSecond { get; set; } = 50;

    /// <summary>
    /// Maximum API writes (all methods except GET) per second for each token or user. Default 10, 1 to 100000; 0 for no limit.
    /// </summary>
    public int WritesPerSecond { get; set; } = 10;

    /// <summary>
    /// Invalid stream keys or setup codes accepted from one address (IPv6: one /64) per minute. Further unknown values are rejected without
    /// a lookup. Guessing 160 bits is infeasible; the limit keeps retries of a misconfigured encoder away from the database. Default 10, 1
    /// to 10000.
    /// </summary>
    public int AttemptsPerMinute { get; set; } = 10;

    /// <summary>
    /// Time after the last contact with the database during which cached stream keys stay valid. Default 5 min, 0 to 24 h.
    /// </summary>
    public TimeSpan StreamKeyCacheDuration { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Time that a publisher waits for the database before the cache decides. A healthy database answers within 1 ms. Default 1 s, 50 ms to
    /// 30 s.
    /// </summary>
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Time without a usable frame after which another encoder may take over. A connection whose peer vanished reports nothing, and a
    /// healthy encoder never pauses that long. Default 3 s, 500 ms to 10 min. A channel can override it.
    /// </summary>
    public TimeSpan TakeoverAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Maximum time that a new encoder waits for <see cref="TakeoverAfter"/> to elapse before it is rejected. Default 2.5 s, 0 to 10 s.
    /// Together with <see cref="LookupTimeout"/> and the auth callback timeout it must not exceed <c>Ingest:AuthorizationTimeout</c>; the
    /// host checks this.
    /// </summary>
    public TimeSpan TakeoverWait { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// Takeovers per minute after which a channel with policy <c>newest</c> keeps its current encoder. It stops two encoders that reconnect
    /// automatically from replacing each other forever. Default 3, 1 to 100.
    /// </summary>
    public int TakeoversPerMinute { get; set; } = 3;

    /// <summary>
    /// Lease of a server when several servers share one database, measured by the database's clock. A server renews its lease four times
    /// per period. With the private database the lease is five times as long. Default 6 s, 1 s to 10 min; set the same value on all
    /// servers. With a shorter lease, a pause of the machine or network can cost the server its sessions. With a longer one, an encoder
    /// that moves to another server after a crash is rejected for that long.
    /// </summary>
    public TimeSpan ServerLease { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Minimum time that sessions of a stopped or crashed server stay open for it, or the channel's reconnect window if that is longer.
    /// Another server then ends them. Default 1 min, enough for a restart or an update; 1 s to 1 day.
    /// </summary>
    public TimeSpan ServerGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Maximum time for which a server that stops hands its sessions over to others. Default 20 s, 0 to 10 min; 0 leaves them for its next
    /// start. Sessions that no other server takes wait for that, too.
    /// </summary>
    public TimeSpan HandoverTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Retention of the audit log. Default 365 days, 1 day to 100 years.</summary>
    public TimeSpan AuditRetention { get; set; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Time between the expiry of a recording and the deletion of its media, measured by the database's clock. Until then, the recording
    /// returns if its retention is extended. Default 1 day, 0 to 30 days. Recordings that a user deletes are deleted at once.
    /// </summary>
    public TimeSpan ExpiredRecordingGrace { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Comma-separated addresses (<c>10.1.2.3</c>), networks (<c>10.0.0.0/8</c>) and host names (<c>hooks.internal</c>, <c>*.internal</c>)
    /// that URLs set through the API or the CLI may target although they are not public. Not set: public addresses only. URLs in the
    /// configuration are not restricted.
    /// </summary>
    public string? AllowedWebhookTargets { get; set; }

    /// <summary>
    /// Comma-separated origins (<c>https://studio.example.org</c>, <c>http://localhost:3000</c>) whose pages may call the API from a
    /// browser, with a token. Not set: only this server's own origin.
    /// </summary>
    public string? AllowedOrigins { get; set; }

    /// <summary>
    /// Comma-separated keys that encrypt secrets in the database which the server must read again, such as stream keys of targets: base64
    /// of 32 random bytes each (<c>openssl rand -base64 32</c>). The first one encrypts; all decrypt. The same on all servers of a cluster.
    /// Not set: a key in the file <c>secrets.key</c> of the data folder, which is created when it is needed. A secret.
    /// </summary>
    public string? SecretKeys { get; set; }

    /// <summary>Retention of webhook deliveries. Default 14 days, 1 h to 365 days.</summary>
    public TimeSpan WebhookRetention { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Maximum number of webhooks with a delivery in progress. Default 16, 1 to 256.</summary>
    public int MaxConcurrentWebhooks { get; set; } = 16;

    /// <summary>
    /// Maximum number of event stream clients (<c>/api/v1/stream</c>) per process. Default 200, 1 to 10000. Every open dashboard is one
    /// client.
    /// </summary>
    public int MaxEventStreamClients { get; set; } = 200;

    /// <summary>
    /// Interval at which an event stream client receives at least a heartbeat and its access is checked again. Default 15 s, below common
    /// proxy timeouts; 1 s to 60 s.
    /// </summary>
    public TimeSpan EventStreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Time after which an unused login expires. Default 12 h, so that no user is logged out during a long broadcast; 5 min to 30 days.
    /// </summary>
    public TimeSpan LoginIdleTimeout { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Maximum lifetime of a login. Default 7 days, 5 min to 90 days.</summary>
    public TimeSpan LoginLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Creates a connector for URLs that were set through the API.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="resolve">Resolves names; the system's resolver by default.</param>
    internal OutboundConnector CreateConnector(TimeProvider time,
        Func<string, CancellationToken, Task<System.Net.IPAddress[]>>? resolve = null) =>
        new(() => Outbound, AllowedTargetsOption, time, resolve);

    /// <summary>The keys of <see cref="SecretKeys"/>.</summary>
    public IReadOnlyList<string> SecretKeyList =>
        SecretKeys?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Permitted targets of URLs that were set through the API.</summary>
    internal OutboundPolicy Outbound => OutboundPolicy.TryParse(AllowedWebhookTargets, out var rules, out _) ? rules
        : OutboundPolicy.PublicOnly;

    /// <summary>Validates the options and returns one message per error.</summary>
    internal IEnumerable<string> Validate()
    {
        if (MaxBodyBytes is < 1024 or > 16 * 1024 * 1024)
        {
            yield return $"{Section}:{nameof(MaxBodyBytes)} must be between 1024 and 16777216.";
        }

        if (ReadsPerSecond is < 0 or > 100_000)
        {
            yield return $"{Section}:{nameof(ReadsPerSecond)} must be between 1 and 100000, or 0 for no limit.";
        }

        if (WritesPerSecond is < 0 or > 100_000)
        {
            yield return $"{Section}:{nameof(WritesPerSecond)} must be between 1 and 100000, or 0 for no limit.";
        }

        if (AttemptsPerMinute is < 1 or > 10_000)
        {
            yield return $"{Section}:{nameof(AttemptsPerMinute)} must be between 1 and 10000.";
        }

        if (StreamKeyCacheDuration < TimeSpan.Zero || StreamKeyCacheDuration > TimeSpan.FromHours(24))
        {
            yield return $"{Section}:{nameof(StreamKeyCacheDuration)} must be between 00:00:00 and 1.00:00:00.";
        }

        if (LookupTimeout < TimeSpan.FromMilliseconds(50) || LookupTimeout > TimeSpan.FromSeconds(30))
        {
            yield return $"{Section}:{nameof(LookupTimeout)} must be between 00:00:00.05 and 00:00:30.";
        }

        if (TakeoverAfter < TimeSpan.FromMilliseconds(500) || TakeoverAfter > TimeSpan.FromMinutes(10))
        {
            yield return $"{Section}:{nameof(TakeoverAfter)} must be between 00:00:00.5 and 00:10:00.";
        }

        if (TakeoverWait < TimeSpan.Zero || TakeoverWait > TimeSpan.FromSeconds(10))
        {
            yield return $"{Section}:{nameof(TakeoverWait)} must be between 00:00:00 and 00:00:10.";
        }

        if (ServerLease < TimeSpan.FromSeconds(1) || ServerLease > TimeSpan.FromMinutes(10))
        {
            yield return $"{Section}:{nameof(ServerLease)} must be between 00:00:01 and 00:10:00.";
        }

        if (ServerGrace < TimeSpan.FromSeconds(1) || ServerGrace > TimeSpan.FromDays(1))
        {
            yield return $"{Section}:{nameof(ServerGrace)} must be between 00:00:01 and 1.00:00:00.";
        }

        if (HandoverTimeout < TimeSpan.Zero || HandoverTimeout > TimeSpan.FromMinutes(10))
        {
            yield return $"{Section}:{nameof(HandoverTimeout)} must be between 00:00:00 and 00:10:00.";
        }

        if (AuditRetention < TimeSpan.FromDays(1) || AuditRetention > TimeSpan.FromDays(36525))
        {
            yield return $"{Section}:{nameof(AuditRetention)} must be between 1.00:00:00 and 36525.00:00:00.";
        }

        if (ExpiredRecordingGrace < TimeSpan.Zero || ExpiredRecordingGrace > TimeSpan.FromDays(30))
        {
            yield return $"{Section}:{nameof(ExpiredRecordingGrace)} must be between 00:00:00 and 30.00:00:00.";
        }

        if (LoginIdleTimeout < TimeSpan.FromMinutes(5) || LoginIdleTimeout > TimeSpan.FromDays(30))
        {
            yield return $"{Section}:{nameof(LoginIdleTimeout)} must be between 00:05:00 and 30.00:00:00.";
        }

        if (LoginLifetime < TimeSpan.FromMinutes(5) || LoginLifetime > TimeSpan.FromDays(90))
        {
            yield return $"{Section}:{nameof(LoginLifetime)} must be between 00:05:00 and 90.00:00:00.";
        }

        if (MaxEventStreamClients is < 1 or > 10_000)
        {
            yield return $"{Section}:{nameof(MaxEventStreamClients)} must be between 1 and 10000.";
        }

        if (EventStreamHeartbeat < TimeSpan.FromSeconds(1) || EventStreamHeartbeat > TimeSpan.FromSeconds(60))
        {
            yield return $"{Section}:{nameof(EventStreamHeartbeat)} must be between 00:00:01 and 00:01:00.";
        }

        if (TakeoversPerMinute is < 1 or > 100)
        {
            yield return $"{Section}:{nameof(TakeoversPerMinute)} must be between 1 and 100.";
        }

        if (SecretKeyList is { Count: > 20 } || SecretKeyList.Any(key => Secrets.SecretProtector.Parse(key) is null))
        {
            yield return $"{Section}:{nameof(SecretKeys)} must have at most 20 keys, each of them the base64 of {Secrets.SecretProtector.KeyBytes} random bytes; 'openssl rand -base64 {Secrets.SecretProtector.KeyBytes}' prints one.";
        }

        if (!OutboundPolicy.TryParse(AllowedWebhookTargets, out _, out var invalidTarget))
        {
            yield return $"{Section}:{nameof(AllowedWebhookTargets)} contains '{invalidTarget}', {CidrListParser.DescribeError(invalidTarget, "which is not an address, network or host name; write 10.0.0.0/8, 192.0.2.7, hooks.internal or *.internal")}.";
        }

        if (CrossOrigin.SplitOrigins(AllowedOrigins ?? "").FirstOrDefault(o => !CrossOrigin.IsOrigin(o)) is { } invalidOrigin)
        {
            yield return $"{Section}:{nameof(AllowedOrigins)} contains '{invalidOrigin}', which is not an origin; write https://studio.example.org, with a port if needed and no path. '*' is not accepted.";
        }

        if (WebhookRetention < TimeSpan.FromHours(1) || WebhookRetention > TimeSpan.FromDays(365))
        {
            yield return $"{Section}:{nameof(WebhookRetention)} must be between 01:00:00 and 365.00:00:00.";
        }

        if (MaxConcurrentWebhooks is < 1 or > 256)
        {
            yield return $"{Section}:{nameof(MaxConcurrentWebhooks)} must be between 1 and 256.";
        }
    }
}
