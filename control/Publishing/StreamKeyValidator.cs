using System.Net;
using System.Security.Cryptography;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Publishing;

/// <summary>Result of a stream key check.</summary>
internal abstract record StreamKeyCheck
{
    private StreamKeyCheck() { }

    /// <summary>The publisher may publish on a channel.</summary>
    /// <param name="Key">Stream key, or its replacement.</param>
    /// <param name="FromCache">Whether the cache answered because the database is unavailable.</param>
    /// <param name="CallbackRequest">Request that the auth callback allowed; <see langword="null"/> without an auth callback.</param>
    public sealed record Valid(StreamKeyRecord Key, bool FromCache, AuthCallbackEvent? CallbackRequest = null) : StreamKeyCheck;

    /// <summary>The publisher is rejected.</summary>
    public sealed record Invalid(PublishRejectionReason Reason, string Message) : StreamKeyCheck;

    /// <summary>Same message for unknown, revoked, expired, malformed and denied keys.</summary>
    public static Invalid Unknown { get; } = new(PublishRejectionReason.UnknownKey,
        "The stream key is invalid. Copy it again from the dashboard, or create a new one.");
}

/// <summary>Validates stream keys in the database, and cached ones in memory, so that a flood of wrong keys cannot lock them out.</summary>
internal sealed class StreamKeyValidator(StreamKeyCache keys, KeyAttempts attempts,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private static readonly byte[] EmptyHash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Validates a key; a wrong one is counted.</summary>
    public async ValueTask<StreamKeyCheck> CheckAsync(string streamKey, EndPoint? remote, CancellationToken cancellationToken)
    {
        var wellFormed = Secret.TryParse(streamKey, out var secret);
        var subject = wellFormed ? secret.Id : "malformed";

        // Wrong keys of other encoders, from the same address or for the same key, must not lock out a cached key.
        if (attempts.IsLimitReached(remote, subject)
            && !(wellFormed && keys.GetCached(secret.Id) is { } cached && secret.Matches(cached.Hash)))
        {
            return new StreamKeyCheck.Invalid(PublishRejectionReason.TooManyAttempts,
                "Too many invalid stream keys from your address. Check the key, wait a minute and try again.");
        }

        if (!wellFormed)
        {
            attempts.RecordFailure(remote, subject);
            return StreamKeyCheck.Unknown;
        }

        StreamKeyLookup lookup;
        try
        {
            lookup = await keys.FindAsync(secret.Id, cancellationToken);
        }
        catch (OperationException)
        {
            return new StreamKeyCheck.Invalid(PublishRejectionReason.AuthorityUnavailable,
                "The server cannot check stream keys at the moment. Try again in a moment.");
        }

        // Constant work, whether the key exists or not.
        var matches = secret.Matches(lookup.Key?.Hash ?? EmptyHash);
        if (lookup.Key is not { } key || !matches || key.ExpiresAt <= time.GetUtcNow())
        {
            attempts.RecordFailure(remote, subject);
            return StreamKeyCheck.Unknown;
        }

        return new StreamKeyCheck.Valid(key, lookup.FromCache);
    }
}
