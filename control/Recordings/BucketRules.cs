using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using Dapper;

namespace Broadcast.Control;

/// <summary>A rule of a bucket's lifecycle (S3, PutBucketLifecycleConfiguration).</summary>
/// <param name="Id">What it is called; one of its kind in the bucket.</param>
/// <param name="Prefix">Which objects it is about.</param>
/// <param name="ExpireDays">Days after its creation that an object is deleted; <see langword="null"/> for none.</param>
/// <param name="AbortDays">Days after which an upload in parts that was begun and never finished is given up; <see langword="null"/> for none.</param>
public sealed record BucketRule(string Id, string Prefix, int? ExpireDays, int? AbortDays);

/// <summary>
/// Lifecycle rules for a bucket, as a net beneath the server's own deleting. A bucket counts from when an object was written, retention from the end of its session, and the bucket
/// knows nothing of recordings that are kept longer: so the rules have slack, and channels on which they could delete what is to be kept have none.
/// </summary>
/// <param name="Rules">The rules.</param>
/// <param name="LeftOut">Channels with a retention that have no rule, each with the reason.</param>
public sealed record BucketRules(IReadOnlyList<BucketRule> Rules, IReadOnlyList<(string Channel, string Reason)> LeftOut)
{
    /// <summary>Slack when none is named, in days.</summary>
    public const int DefaultSlack = 30;

    /// <summary>Most slack, in days.</summary>
    public const int MaxSlack = 3650;

    /// <summary>Most rules that a bucket takes.</summary>
    internal const int MaxRules = 1000;

    private const int AbortDays = 7;
    private static readonly XNamespace S3 = "http://s3.amazonaws.com/doc/2006-03-01/";
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The rules for the channels there are.</summary>
    /// <param name="database">Where they are.</param>
    /// <param name="folder">The folder in the bucket (<c>Storage:Prefix</c>); empty for none.</param>
    /// <param name="slackDays">1 to <see cref="MaxSlack"/>: longer than any session lasts.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">Bad slack, or more rules than a bucket takes.</exception>
    public static async Task<BucketRules> ReadAsync(Database database, string folder, int slackDays, TimeProvider time, CancellationToken cancellationToken = default)
    {
        if (slackDays is < 1 or > MaxSlack)
        {
            throw new ControlException([new("slack", $"The slack is 1 to {MaxSlack} whole days.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channels = await connection.QueryAsync<KeptChannel>(new CommandDefinition(
            """
            SELECT c.name, c.retention_hours AS hours,
                coalesce((SELECT max(CASE WHEN r.retention_hours = 0 THEN 1000000 ELSE r.retention_hours END) FROM recordings r WHERE r.channel_id = c.id AND r.deleted_at IS NULL), 0) AS ownHours,
                coalesce((SELECT extract(epoch FROM max(coalesce(s.ended_at, @now) - s.started_at)) FROM sessions s WHERE s.channel_id = c.id), 0)::float8 AS longestSeconds
            FROM channels c WHERE c.deleted_at IS NULL AND c.retention_hours IS NOT NULL ORDER BY c.name
            """,
            new { now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
        return Of([.. channels], folder, slackDays);
    }

    /// <summary>As the S3 API takes it.</summary>
    public string ToXml() => new XElement(
        S3 + "LifecycleConfiguration",
        Rules.Select(r => new XElement(
            S3 + "Rule",
            new XElement(S3 + "ID", r.Id),
            new XElement(S3 + "Filter", new XElement(S3 + "Prefix", r.Prefix)),
            new XElement(S3 + "Status", "Enabled"),
            r.ExpireDays is { } expire ? new XElement(S3 + "Expiration", new XElement(S3 + "Days", expire)) : null,
            r.AbortDays is { } abort ? new XElement(S3 + "AbortIncompleteMultipartUpload", new XElement(S3 + "DaysAfterInitiation", abort)) : null))).ToString();

    /// <summary>As the AWS command line takes it (<c>put-bucket-lifecycle-configuration --lifecycle-configuration file://…</c>).</summary>
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

    internal static BucketRules Of(IReadOnlyList<KeptChannel> channels, string folder, int slackDays)
    {
        var root = folder.Trim('/') is { Length: > 0 } named ? $"{named}/" : "";
        var rules = new List<BucketRule> { new("broadcast-unfinished-uploads", root, null, AbortDays) };
        var leftOut = new List<(string, string)>();
        foreach (var channel in channels)
        {
            var days = (int)Math.Ceiling(Math.Max(channel.Hours, channel.OwnHours) / 24.0) + slackDays;
            if (channel.OwnHours > Retention.MaxHours)
            {
                leftOut.Add((channel.Name, "it has a recording that is kept for ever"));
            }
            else if (channel.LongestSeconds > slackDays * 86_400.0)
            {
                leftOut.Add((channel.Name, "it has a session that is longer than the slack"));
            }
            else
            {
                rules.Add(new($"broadcast-media-{channel.Name}", $"{root}live/{channel.Name}/", days, null));
                rules.Add(new($"broadcast-journal-{channel.Name}", $"{root}journal/{channel.Name}/", days, null));
            }
        }

        return rules.Count <= MaxRules ? new(rules, leftOut)
            : throw new ControlException(ControlCode.Conflict, $"These would be {rules.Count} rules; a bucket takes {MaxRules}.");
    }

    /// <summary>A channel that has a retention.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Hours">Its retention.</param>
    /// <param name="OwnHours">The longest retention that a recording of it has of its own; more than <see cref="Retention.MaxHours"/> for ever; 0 for none.</param>
    /// <param name="LongestSeconds">How long its longest session was, or is by now.</param>
    internal sealed record KeptChannel(string Name, int Hours, int OwnHours, double LongestSeconds);
}
