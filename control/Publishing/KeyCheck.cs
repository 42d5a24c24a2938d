using System.Net;
using System.Security.Cryptography;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What came of a check.</summary>
internal abstract record Checked
{
    private Checked() { }

    /// <summary>It may publish on a channel.</summary>
    /// <param name="Key">The key, or what stands for one.</param>
    /// <param name="FromMemory">The database was away and memory answered.</param>
    /// <param name="Asked">What the webhook was asked and said yes to; <see langword="null"/> when it was not asked.</param>
    public sealed record Good(KeyRecord Key, bool FromMemory, WebhookEvent? Asked = null) : Checked;

    /// <summary>It may not.</summary>
    public sealed record Bad(PublishRefusal Reason, string Message) : Checked;

    /// <summary>Unknown, revoked, expired, malformed and denied are told in the same words.</summary>
    public static Bad Unknown { get; } = new(PublishRefusal.UnknownKey, "The stream key is not valid. Copy it again from the dashboard, or make a new one.");
}

/// <summary>Finds out whether a stream key is good: in the database, and what is known from before in memory, where no flood of wrong ones can keep it out.</summary>
internal sealed class KeyCheck(KeyRegister keys, KeyAttempts attempts, TimeProvider time)
{
    private static readonly byte[] NoHash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Checks a key; a wrong one is counted.</summary>
    public async ValueTask<Checked> CheckAsync(string streamKey, EndPoint? remote, CancellationToken cancellationToken)
    {
        var wellFormed = Secret.TryParse(streamKey, out var secret);
        var subject = wellFormed ? secret.Id : "malformed";

        // Somebody else's wrong keys, behind the same address or for the same key, must not lock out an encoder that is known.
        if (attempts.IsOver(remote, subject) && !(wellFormed && keys.Recall(secret.Id) is { } known && secret.Matches(known.Hash)))
        {
            return new Checked.Bad(PublishRefusal.TooManyAttempts, "Too many wrong stream keys from your address. Check the key, wait a minute and try again.");
        }

        if (!wellFormed)
        {
            attempts.Failed(remote, subject);
            return Checked.Unknown;
        }

        KeyAnswer answer;
        try
        {
            answer = await keys.FindAsync(secret.Id, cancellationToken);
        }
        catch (ControlException)
        {
            return new Checked.Bad(PublishRefusal.AuthorityUnavailable, "The server cannot check stream keys at the moment. Try again in a moment.");
        }

        // The same work whether the key exists or not.
        var matches = secret.Matches(answer.Key?.Hash ?? NoHash);
        if (answer.Key is not { } key || !matches || key.ExpiresAt <= time.GetUtcNow())
        {
            attempts.Failed(remote, subject);
            return Checked.Unknown;
        }

        return new Checked.Good(key, answer.FromMemory);
    }
}
