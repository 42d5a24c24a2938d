namespace Broadcast.Control;

/// <summary>Whose an open session is, as one server has to take it.</summary>
internal enum Standing
{
    /// <summary>This server's own.</summary>
    Ours,

    /// <summary>Nobody's: its row was written by a version, or is of a server, that named no owner.</summary>
    Unowned,

    /// <summary>Another server's that lives, or may: nothing of it is touched.</summary>
    OnAir,

    /// <summary>Another server's that does not hold its lease. It may come back: its session stays open, but whoever starts may take it over, and an encoder that comes elsewhere begins a new one.</summary>
    Left,

    /// <summary>Another server's that has been gone for so long that any server that lives ends it.</summary>
    Abandoned,
}

/// <summary>What the database tells of an open session's owner. Times are by the database's clock.</summary>
/// <param name="HasOwner">Whether its row names one.</param>
/// <param name="IsOurs">Whether that is the server that asks.</param>
/// <param name="IsKnown">Whether there is a row of that server.</param>
/// <param name="IsReleased">Whether it gave its lease back as it stopped.</param>
/// <param name="OverFor">For how long its lease has been over; negative while it holds.</param>
/// <param name="Contact">For how long the database has been reached without a break, as the server that asks can prove it.</param>
/// <param name="Window">The channel's reconnect window.</param>
internal readonly record struct OwnerFacts(bool HasOwner, bool IsOurs, bool IsKnown, bool IsReleased, TimeSpan OverFor, TimeSpan Contact, TimeSpan Window);

/// <summary>By what it is judged whose a session is.</summary>
/// <param name="Lease">How long a server counts as alive after it was heard of.</param>
/// <param name="Grace">How long after that its sessions wait for it at least.</param>
internal readonly record struct OwnershipTerms(TimeSpan Lease, TimeSpan Grace)
{
    /// <summary>
    /// Decides. A lease that ran out proves nothing while the database itself was away, since nobody could renew one: without a word from the owner it is believed only after the database has been there for
    /// as long as a lease takes, and nothing is ended before the owner had the whole grace to come back, too.
    /// </summary>
    public Standing Judge(OwnerFacts owner)
    {
        if (!owner.HasOwner)
        {
            return Standing.Unowned;
        }

        if (owner.IsOurs)
        {
            return Standing.Ours;
        }

        if (!owner.IsKnown)
        {
            // Its row goes long after it was heard of last. But rows can be lost, too, and one that lives writes its own again with its next beat.
            return owner.Contact >= Lease + Grace ? Standing.Abandoned : Standing.OnAir;
        }

        if (owner.OverFor < TimeSpan.Zero || (!owner.IsReleased && owner.Contact < Lease))
        {
            return Standing.OnAir;
        }

        var grace = owner.Window > Grace ? owner.Window : Grace;
        return owner.OverFor >= grace && (owner.IsReleased || owner.Contact >= Lease + Grace) ? Standing.Abandoned : Standing.Left;
    }

    /// <summary>Whether a server that starts goes on with such a session.</summary>
    public static bool IsTakenAtStart(Standing standing) => standing != Standing.OnAir;

    /// <summary>Whether a server that runs ends such a session in the database.</summary>
    /// <param name="standing">Whose it is.</param>
    /// <param name="isAskedFor">Whether somebody asked for its end.</param>
    public static bool IsEnded(Standing standing, bool isAskedFor) => standing == Standing.Abandoned || (standing == Standing.Left && isAskedFor);
}
