namespace Broadcast.Control.Servers;

/// <summary>Ownership of an open session, as seen by one server.</summary>
internal enum OwnershipStatus
{
    /// <summary>Owned by this server.</summary>
    OwnedHere,

    /// <summary>Without owner: its row names none.</summary>
    Unowned,

    /// <summary>Owned by another server that is live, or may be; the session is not touched.</summary>
    OwnedByLiveServer,

    /// <summary>
    /// Owned by another server whose lease expired. The owner may return, so the session stays open. A starting server may take it over,
    /// and an encoder on another server starts a new session.
    /// </summary>
    LeaseExpired,

    /// <summary>Owned by another server that has been gone for so long that any live server ends the session.</summary>
    Abandoned,
}

/// <summary>Database facts about a session's owner. Times are by the database's clock.</summary>
/// <param name="HasOwner">Whether the row names an owner.</param>
/// <param name="IsOwnedHere">Whether the owner is this server.</param>
/// <param name="IsKnown">Whether the owner has a row.</param>
/// <param name="IsReleased">Whether the owner released its lease at shutdown.</param>
/// <param name="ExpiredFor">Time since the lease expired; negative while it holds.</param>
/// <param name="Contact">Time for which this server can prove uninterrupted contact with the database.</param>
/// <param name="Window">Reconnect window of the channel.</param>
internal readonly record struct OwnerInfo(bool HasOwner, bool IsOwnedHere, bool IsKnown, bool IsReleased, TimeSpan ExpiredFor,
    TimeSpan Contact, TimeSpan Window);

/// <summary>Rules for session ownership.</summary>
/// <param name="Lease">Duration of a lease.</param>
/// <param name="Grace">Minimum time after the lease for which sessions wait for their owner.</param>
internal readonly record struct OwnershipRules(TimeSpan Lease, TimeSpan Grace)
{
    /// <summary>
    /// Decides on ownership. An expired lease proves nothing while the database was unavailable, because no server could renew. Unless the
    /// owner released it, the expiry counts only after the database has been available for the duration of a lease. No session is ended
    /// before the owner also had the whole grace period to return.
    /// </summary>
    public OwnershipStatus Evaluate(OwnerInfo owner)
    {
        if (!owner.HasOwner)
        {
            return OwnershipStatus.Unowned;
        }

        if (owner.IsOwnedHere)
        {
            return OwnershipStatus.OwnedHere;
        }

        if (!owner.IsKnown)
        {
            // A server's row is removed long after its last renewal. Rows can also be lost; a live server writes its row again with its
            // next renewal.
            return owner.Contact >= Lease + Grace ? OwnershipStatus.Abandoned : OwnershipStatus.OwnedByLiveServer;
        }

        if (owner.ExpiredFor < TimeSpan.Zero || (!owner.IsReleased && owner.Contact < Lease))
        {
            return OwnershipStatus.OwnedByLiveServer;
        }

        var grace = owner.Window > Grace ? owner.Window : Grace;
        return owner.ExpiredFor >= grace && (owner.IsReleased || owner.Contact >= Lease + Grace) ? OwnershipStatus.Abandoned
            : OwnershipStatus.LeaseExpired;
    }

    /// <summary>
    /// Time until a session of another live server becomes <see cref="OwnershipStatus.LeaseExpired"/>, unless its owner renews the lease.
    /// </summary>
    public TimeSpan GetRemaining(OwnerInfo owner)
    {
        var contact = owner.IsKnown ? Lease : Lease + Grace;
        var lease = owner.IsKnown ? -owner.ExpiredFor : TimeSpan.Zero;
        var proof = owner.IsReleased ? TimeSpan.Zero : contact - owner.Contact;
        var longer = lease > proof ? lease : proof;
        return longer > TimeSpan.Zero ? longer : TimeSpan.Zero;
    }

    /// <summary>Returns whether a starting server takes the session over.</summary>
    public static bool IsTakenOverAtStart(OwnershipStatus status) => status != OwnershipStatus.OwnedByLiveServer;

    /// <summary>Returns whether a running server ends the session in the database.</summary>
    /// <param name="status">Ownership of the session.</param>
    /// <param name="isEndRequested">Whether its end was requested.</param>
    public static bool CanBeEnded(OwnershipStatus status, bool isEndRequested) => status == OwnershipStatus.Abandoned
        || (status == OwnershipStatus.LeaseExpired && isEndRequested);
}
