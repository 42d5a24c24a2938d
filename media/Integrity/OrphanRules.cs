using System.Globalization;

namespace Broadcast.Media;

/// <summary>
/// Tells what of a session's objects is left over, among those that its timeline does not name: only what is older than anything that is on its way into the timeline, or is deleted a while after it left
/// it. When in doubt an object is none. Pure.
/// </summary>
/// <param name="timeline">The session.</param>
/// <param name="now">The time.</param>
public sealed class OrphanRules(SessionTimeline timeline, DateTimeOffset now)
{
    /// <summary>Longer than anything takes that is under way: a picture that is being made, an upload, a deletion.</summary>
    public static readonly TimeSpan UnderWay = TimeSpan.FromHours(1);

    /// <summary>How long a session's media may be there before its journal has to be: that of another machine comes to the store ten seconds later, unless the store is away.</summary>
    public static readonly TimeSpan WithoutJournal = TimeSpan.FromDays(1);

    private readonly string _folder = ExpectedObject.FolderOf(timeline.Session.Channel, timeline.Session.Id);

    /// <summary>How old an object has to be.</summary>
    public TimeSpan Patience { get; } = PatienceOf(timeline, now);

    /// <summary>Whether an object that the timeline does not name is left over.</summary>
    public bool IsOrphan(ObjectName name, DateTimeOffset written)
    {
        if (now - written < Patience || !name.Value.StartsWith(_folder, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = name.Value.AsSpan(_folder.Length);
        var slash = rest.IndexOf('/');
        if (slash < 0 || timeline.Find(rest[..slash].ToString()) is not { } rendition)
        {
            return true;
        }

        var file = rest[(slash + 1)..];
        if (file.StartsWith("init-") && file.EndsWith(".mp4"))
        {
            // Init segments that the window has left are few, and stay where a process was killed.
            return !(int.TryParse(file["init-".Length..^".mp4".Length], NumberStyles.None, CultureInfo.InvariantCulture, out var init) && init < rendition.Init?.Number);
        }

        // What is behind the last segment may be announced in a moment, however slowly the clock of the disk goes.
        var isSegment = file.EndsWith(".m4s") && long.TryParse(file[..^".m4s".Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > timeline.LastSegment;
        return timeline.IsEnded || !isSegment;
    }

    private static TimeSpan PatienceOf(SessionTimeline timeline, DateTimeOffset now)
    {
        var session = timeline.Session;
        var patience = UnderWay + session.Latency.Window;
        if (session.IsRecorded || !session.KeepsPast || (timeline.IsEnded && session.Rewind == Rewind.All))
        {
            return patience;
        }

        // What can be gone back to leaves the timeline, and is deleted when nobody can have it in a playlist any more: as long again after that.
        var age = now - session.StartedAt;
        var past = age < session.Rewind ? age : session.Rewind;
        return past > TimeSpan.Zero ? patience + past + past : patience;
    }
}
