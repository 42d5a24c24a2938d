using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Dapper;

namespace Broadcast.Control.Recordings;

/// <summary>A lifecycle rule of a bucket (S3, PutBucketLifecycleConfiguration).</summary>
/// <param name="Id">Its id, unique in the bucket.</param>
/// <param name="Prefix">Prefix of the affected objects.</param>
/// <param name="ExpireDays">Days after creation at which an object is deleted; <see langword="null"/> for never.</param>
/// <param name="AbortDays">Days after which an incomplete multipart upload is aborted; <see langword="null"/> for never.</param>
public sealed record LifecycleRule(string Id, string Prefix, int? ExpireDays, int? AbortDays);

/// <summary>
/// Lifecycle rules for a bucket, as a safety net for the server's own deletion. A bucket counts from an object's creation, but retention
/// counts from the session's end, and the bucket does not know recordings with longer retention. So the rules have a margin, and channels
/// on which they could delete retained media have no rule.
/// </summary>
/// <param name="Rules">The rules.</param>
/// <param name="Omitted">Channels with a retention but without a rule, each with the reason.</param>
public sealed record LifecycleRules(IReadOnlyList<LifecycleRule> Rules, IReadOnlyList<(string Channel, string Reason)> Omitted)
{
    /// <summary>Default margin, in days.</summary>
    public const int DefaultMargin = 30;

    /// <summary>Maximum margin, in days.</summary>
    public const int MaxMargin = 3650;

    /// <summary>Maximum number of rules in a bucket.</summary>
    internal const int MaxRules = 1000;

    private const int AbortDays = 7;
    private static readonly XNamespace S3 = "http://s3.amazonaws.com/doc/2006-03-01/";
    private static readonly JsonSerializerOptions Json =
        new() { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Creates the rules for the existing channels.</summary>
    /// <param name="database">The database.</param>
    /// <param name="folder">Folder in the bucket (<c>Storage:Prefix</c>); empty for none.</param>
    /// <param name="marginDays">Margin of 1 to <see cref="MaxMargin"/> days; must be longer than any session.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The margin is invalid, or there are more rules than a bucket supports.</exception>
    public static async Task<LifecycleRules> ReadAsync(ServerDatabase database, string folder, int marginDays, TimeProvider time,
        CancellationToken cancellationToken = default)
    {
        if (marginDays is < 1 or > MaxMargin)
        {
            throw new OperationException([new("margin", $"The margin must be 1 to {MaxMargin} whole days.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channels = await connection.QueryAsync<RetainedChannel>(new CommandDefinition(
            """
            SELECT c.name, c.retention_hours AS hours,
                coalesce((SELECT max(CASE WHEN r.retention_hours = 0 THEN 1000000 ELSE r.retention_hours END) FROM recordings r
                WHERE r.channel_id = c.id AND r.deleted_at IS NULL), 0) AS ownHours,
                coalesce((SELECT extract(epoch FROM max(coalesce(s.ended_at, @now) - s.started_at)) FROM sessions s
                WHERE s.channel_id = c.id), 0)::float8 AS longestSeconds
            FROM channels c WHERE c.deleted_at IS NULL AND c.retention_hours IS NOT NULL ORDER BY c.name
            """,
            new { now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
        return Of([.. channels], folder, marginDays);
    }

    /// <summary>XML for the S3 API.</summary>
    public string ToXml() => new XElement(
        S3 + "LifecycleConfiguration",
        Rules.Select(r => new XElement(
            S3 + "Rule",
            new XElement(S3 + "ID", r.Id),
            new XElement(S3 + "Filter", new XElement(S3 + "Prefix", r.Prefix)),
            new XElement(S3 + "Status", "Enabled"),
            r.ExpireDays is { } expire ? new XElement(S3 + "Expiration", new XElement(S3 + "Days", expire)) : null,
            r.AbortDays is { } abort ? new XElement(S3 + "AbortIncompleteMultipartUpload", new XElement(S3 + "DaysAfterInitiation", abort))
            : null))).ToString();

    /// <summary>JSON for the AWS command line (<c>put-bucket-lifecycle-configuration --lifecycle-configuration file://…</c>).</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            Rules = Rules.Select(r => new
            {
                ID = r.Id,
                Filter = new { r.Prefix },
                Status = "Enabled",
                Expiration = r.ExpireDays is { } expire ? new { Days = expire } : null,
                AbortIncompleteMultipartUpload = r.AbortDays is { } abort ? new { DaysAfterInitiation = abort } : null,
            }),
        },
        Json);

    internal static LifecycleRules Of(IReadOnlyList<RetainedChannel> channels, string folder, int marginDays)
    {
        var root = folder.Trim('/') is { Length: > 0 } named ? $"{named}/" : "";
        var rules = new List<LifecycleRule> { new("broadcast-unfinished-uploads", root, null, AbortDays) };
        var omitted = new List<(string, string)>();
        foreach (var channel in channels)
        {
            var days = (int)Math.Ceiling(Math.Max(channel.Hours, channel.OwnHours) / 24.0) + marginDays;
            if (channel.OwnHours > Retention.MaxHours)
            {
                omitted.Add((channel.Name, "it has a recording that is retained forever"));
            }
            else if (channel.LongestSeconds > marginDays * 86_400.0)
            {
                omitted.Add((channel.Name, "it has a session longer than the margin"));
            }
            else
            {
                var name = ChannelName.Parse(channel.Name);
                rules.Add(new($"broadcast-media-{channel.Name}", root + ObjectNames.ChannelFolder(name), days, null));
                rules.Add(new($"broadcast-journal-{channel.Name}", root + ObjectNames.ChannelJournalFolder(name), days, null));
            }
        }

        return rules.Count <= MaxRules ? new(rules, omitted)
            : throw new OperationException(OperationErrorCode.Conflict,
                $"The channels need {rules.Count} rules; a bucket supports {MaxRules}.");
    }

    /// <summary>A channel with a retention.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Hours">Its retention, in hours.</param>
    /// <param name="OwnHours">
    /// Longest custom retention of its recordings, in hours; above <see cref="Retention.MaxHours"/> for forever; 0 for none.
    /// </param>
    /// <param name="LongestSeconds">Duration of its longest session so far.</param>
    internal sealed record RetainedChannel(string Name, int Hours, int OwnHours, double LongestSeconds);
}
