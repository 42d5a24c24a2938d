using Broadcast.Control.Api;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>How the control room behaves. Section <c>Control</c>.</summary>
public sealed class ControlOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Control";

    /// <summary>Name of the channel that <see cref="CreateFirstChannel"/> makes.</summary>
    public const string FirstChannel = "main";

    /// <summary>Whether to make the channel <c>main</c> at start when there is none. <c>broadcast up</c> sets it; off otherwise, so that a cluster's processes do not.</summary>
    public bool CreateFirstChannel { get; set; }

    /// <summary>Largest request body of the API, in bytes. Ours are under 1 KiB; default 64 KiB, 1 KiB to 16 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 64 * 1024;

    /// <summary>
    /// How often a second one token or person may read over the API, after a while of silence ten seconds' worth at once. Media, health pages and encoders are another matter. Default 50, 1 to 100000; 0 for no limit.
    /// </summary>
    public int ReadsPerSecond { get; set; } = 50;

    /// <summary>The same for what is no GET. Default 10, 1 to 100000; 0 for no limit.</summary>
    public int WritesPerSecond { get; set; } = 10;

    /// <summary>
    /// Wrong stream keys (or set-up codes) accepted from one address (IPv6: one /64) in a minute before further unknown ones are refused unread. Guessing 160 bits is hopeless anyway; this
    /// keeps a broken encoder's retries away from the database. Default 10, 1 to 10000.
    /// </summary>
    public int AttemptsPerMinute { get; set; } = 10;

    /// <summary>How long after the database was last reached known stream keys are still let in without it. Default 5 min, 0 to 24 h.</summary>
    public TimeSpan KeyMemory { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest that a publisher waits for the database before memory decides. A healthy one answers within 1 ms; default 1 s, 50 ms to 30 s.</summary>
    public TimeSpan LookupTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an encoder must have sent no usable frame before another may take its place. Default 3 s, 500 ms to 10 min: a connection whose peer vanished says nothing,
    /// and no encoder that is well pauses that long. A channel may have its own.
    /// </summary>
    public TimeSpan TakeoverAfter { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Longest that an encoder waits for the rest of that silence rather than being refused. Default 2.5 s, 0 to 10 s; with <see cref="LookupTimeout"/> and a webhook's time no more than <c>Ingest:AuthorityTimeout</c>, which the host checks.
    /// </summary>
    public TimeSpan TakeoverWait { get; set; } = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// Takeovers within a minute after which a channel whose newest encoder wins is one where the first keeps its place: two encoders that reconnect by themselves would
    /// fight for ever. Default 3, 1 to 100.
    /// </summary>
    public int TakeoversPerMinute { get; set; } = 3;

    /// <summary>
    /// Several servers on one database: how long one counts as alive after it was heard of, by the database's clock. It is heard of four times as often. Default 20 s, 1 s to 10 min, the same at all servers: shorter than that a
    /// pause of machine or network takes its sessions; longer, and an encoder that changes to another server is refused for as long after a crash.
    /// </summary>
    public TimeSpan ServerLease { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long the sessions of a server that stopped or died stay open for it at least; the channel's reconnect window where that is longer. Then another server ends them. Default 1 min, within which a restart or an update is over;
    /// 1 s to 1 day.
    /// </summary>
    public TimeSpan ServerGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the audit log goes back. Default 365 days, 1 day to 100 years.</summary>
    public TimeSpan AuditRetention { get; set; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Addresses (<c>10.1.2.3</c>), networks (<c>10.0.0.0/8</c>) and host names (<c>hooks.internal</c>, <c>*.internal</c>), with commas between, that URLs entered through the API and by commands may lead to
    /// though they are not public. Not set: to public addresses only. URLs in the configuration are the operator's own and are not looked at.
    /// </summary>
    public string? AllowedAddresses { get; set; }

    /// <summary>
    /// Origins (<c>https://studio.example.org</c>, <c>http://localhost:3000</c>), with commas between, whose pages may use the API from a browser, with a token. Not set: none but this server's own.
    /// </summary>
    public string? AllowedOrigins { get; set; }

    /// <summary>How long it is remembered what webhooks were told, 1 h to 365 days. Default 14 days.</summary>
    public TimeSpan WebhookHistory { get; set; } = TimeSpan.FromDays(14);

    /// <summary>Webhooks that are told something at the same time, 1 to 256. Default 16.</summary>
    public int WebhooksAtOnce { get; set; } = 16;

    /// <summary>Clients of the event stream (<c>/api/v1/stream</c>) that one process serves at a time, 1 to 10000. Default 200: people who have the dashboard open, and your own programs.</summary>
    public int StreamClients { get; set; } = 200;

    /// <summary>How often a client of the event stream hears something at least, and whether it is still let in is asked. Default 15 s, below the patience of proxies; 1 s to 60 s.</summary>
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a login lasts that is not used. Default 12 h, so that nobody is thrown out of a long broadcast; 5 min to 30 days.</summary>
    public TimeSpan LoginIdle { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How long a login lasts at most. Default 7 days, 5 min to 90 days.</summary>
    public TimeSpan LoginLife { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Where URLs that were entered through the API may lead to.</summary>
    internal OutboundRules Outbound => OutboundRules.TryParse(AllowedAddresses, out var rules, out _) ? rules : OutboundRules.PublicOnly;

    /// <summary>Lists what is wrong.</summary>
    internal IEnumerable<string> Mistakes()
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

        if (KeyMemory < TimeSpan.Zero || KeyMemory > TimeSpan.FromHours(24))
        {
            yield return $"{Section}:{nameof(KeyMemory)} must be between 00:00:00 and 1.00:00:00.";
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

        if (AuditRetention < TimeSpan.FromDays(1) || AuditRetention > TimeSpan.FromDays(36525))
        {
            yield return $"{Section}:{nameof(AuditRetention)} must be between 1.00:00:00 and 36525.00:00:00.";
        }

        if (LoginIdle < TimeSpan.FromMinutes(5) || LoginIdle > TimeSpan.FromDays(30))
        {
            yield return $"{Section}:{nameof(LoginIdle)} must be between 00:05:00 and 30.00:00:00.";
        }

        if (LoginLife < TimeSpan.FromMinutes(5) || LoginLife > TimeSpan.FromDays(90))
        {
            yield return $"{Section}:{nameof(LoginLife)} must be between 00:05:00 and 90.00:00:00.";
        }

        if (StreamClients is < 1 or > 10_000)
        {
            yield return $"{Section}:{nameof(StreamClients)} must be between 1 and 10000.";
        }

        if (StreamHeartbeat < TimeSpan.FromSeconds(1) || StreamHeartbeat > TimeSpan.FromSeconds(60))
        {
            yield return $"{Section}:{nameof(StreamHeartbeat)} must be between 00:00:01 and 00:01:00.";
        }

        if (TakeoversPerMinute is < 1 or > 100)
        {
            yield return $"{Section}:{nameof(TakeoversPerMinute)} must be between 1 and 100.";
        }

        if (!OutboundRules.TryParse(AllowedAddresses, out _, out var wrong))
        {
            yield return $"{Section}:{nameof(AllowedAddresses)} holds '{wrong}', {NetworkText.Complaint(wrong, "which is no address, network or name of a host; write 10.0.0.0/8, 192.0.2.7, hooks.internal, *.internal")}.";
        }

        if (CrossOrigin.Origins(AllowedOrigins ?? "").FirstOrDefault(o => !CrossOrigin.IsOrigin(o)) is { } odd)
        {
            yield return $"{Section}:{nameof(AllowedOrigins)} holds '{odd}', which is no origin; write https://studio.example.org, with the port where it has one of its own and nothing behind it. '*' is not taken.";
        }

        if (WebhookHistory < TimeSpan.FromHours(1) || WebhookHistory > TimeSpan.FromDays(365))
        {
            yield return $"{Section}:{nameof(WebhookHistory)} must be between 01:00:00 and 365.00:00:00.";
        }

        if (WebhooksAtOnce is < 1 or > 256)
        {
            yield return $"{Section}:{nameof(WebhooksAtOnce)} must be between 1 and 256.";
        }
    }
}
