using System.Globalization;
using System.Xml.Linq;

namespace Broadcast.Origin.Dash;

/// <summary>
/// The difference between two MPDs as an MPD patch (ISO/IEC 23009-1, 5.15, with the operations of RFC 5261). Pure. Applied to the older
/// MPD, it yields the newer one exactly. Selectors use only what the standard allows and dash.js 5.2 and Shaka 5.2 support. Periods,
/// adaptation sets and representations are selected by <c>@id</c>, other elements by position, and <c>S</c> elements always as a whole.
/// </summary>
internal static class MpdPatch
{
    /// <summary>Namespace of <c>Patch</c>.</summary>
    public static readonly XNamespace Namespace = "urn:mpeg:dash:schema:mpd-patch:2020";

    private const string Timeline = "SegmentTimeline";

    /// <summary>Creates the patch.</summary>
    /// <param name="older">The base MPD, with <c>@id</c> and <c>@publishTime</c>.</param>
    /// <param name="newer">The resulting MPD.</param>
    public static XElement Between(XElement older, XElement newer)
    {
        var operations = new List<XElement>();
        Compare(older, newer, "/MPD", operations);
        return Element(newer, (string)older.Attribute("publishTime")!, operations);
    }

    /// <summary>
    /// A patch without changes that applies only to the given MPD. A player with this MPD learns that it is current. Any other player,
    /// whose MPD is no longer known, learns that it needs the full MPD. dash.js 5.2 and Shaka 5.2 both handle this at once, unlike an
    /// error.
    /// </summary>
    public static XElement Empty(XElement newest) => Element(newest, (string)newest.Attribute("publishTime")!, []);

    private static XElement Element(XElement newer, string originalPublishTime, IEnumerable<XElement> operations) => new(
        Namespace + "Patch",
        new XAttribute("mpdId", (string)newer.Attribute("id")!),
        new XAttribute("originalPublishTime", originalPublishTime),
        new XAttribute("publishTime", (string)newer.Attribute("publishTime")!),
        operations);

    private static void Compare(XElement older, XElement newer, string path, List<XElement> operations)
    {
        var (before, after) = (Keyed(older), Keyed(newer));
        var retained = before.Select(child => child.Key).Intersect(after.Select(child => child.Key)).ToHashSet(StringComparer.Ordinal);
        if (older.Parent is not null && !before.Select(child => child.Key).Where(retained.Contains)
            .SequenceEqual(after.Select(child => child.Key).Where(retained.Contains)))
        {
            operations.Add(Operation("replace", path, new XElement(newer)));
            return;
        }

        CompareAttributes(older, newer, path, operations);
        if (older.Name.LocalName == Timeline)
        {
            CompareTimelines([.. older.Elements()], [.. newer.Elements()], path, operations);
            return;
        }

        foreach (var (key, child) in before.Where(child => !retained.Contains(child.Key)).Reverse())
        {
            operations.Add(Operation("remove", $"{path}/{key}"));
        }

        // The remaining children keep their order; each new one is inserted after its predecessor. Positions count again from here.
        string? previous = null;
        var added = new List<XElement>();
        foreach (var (key, child) in after)
        {
            if (retained.Contains(key))
            {
                Flush();
                var old = before.First(item => item.Key == key).Child;
                if (child.HasElements || old.HasElements || old.Value == child.Value)
                {
                    Compare(old, child, $"{path}/{key}", operations);
                }
                else
                {
                    operations.Add(Operation("replace", $"{path}/{key}", new XElement(child)));
                }

                previous = key;
            }
            else
            {
                added.Add(new XElement(child));
            }
        }

        Flush();

        void Flush()
        {
            if (added.Count > 0)
            {
                var operation = Operation("add", previous is null ? path : $"{path}/{previous}", [.. added]);
                operation.Add(new XAttribute("pos", previous is null ? "prepend" : "after"));
                operations.Add(operation);
                previous = Keyed(newer).Last(item => XNode.DeepEquals(item.Child, added[^1])).Key;
                added.Clear();
            }
        }
    }

    private static void CompareAttributes(XElement older, XElement newer, string path, List<XElement> operations)
    {
        foreach (var attribute in older.Attributes().Where(attribute => newer.Attribute(attribute.Name) is null))
        {
            operations.Add(Operation("remove", $"{path}/@{attribute.Name.LocalName}"));
        }

        foreach (var attribute in newer.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration))
        {
            if (older.Attribute(attribute.Name) is not { } old)
            {
                operations.Add(Operation("add", path, new XAttribute("type", $"@{attribute.Name.LocalName}"), attribute.Value));
            }
            else if (old.Value != attribute.Value)
            {
                operations.Add(Operation("replace", $"{path}/@{attribute.Name.LocalName}", attribute.Value));
            }
        }
    }

    /// <summary>
    /// Segment timelines lose entries at the start and gain entries at the end. A remaining entry that differs is replaced: the first, when
    /// some of its segments were removed, or the last, when its repeat count grew.
    /// </summary>
    private static void CompareTimelines(List<XElement> older, List<XElement> newer, string path, List<XElement> operations)
    {
        var removed = newer.Count == 0 ? older.Count : Math.Max(0, Starts(older).FindLastIndex(start => start <= Starts(newer)[0]));
        removed = Math.Max(removed, 0);
        for (var i = 0; i < removed; i++)
        {
            operations.Add(Operation("remove", $"{path}/S[1]"));
        }

        var left = older.Count - removed;
        for (; left > newer.Count; left--)
        {
            operations.Add(Operation("remove", $"{path}/S[{Number(left)}]"));
        }

        for (var i = 0; i < left; i++)
        {
            if (!XNode.DeepEquals(older[removed + i], newer[i]))
            {
                operations.Add(Operation("replace", $"{path}/S[{Number(i + 1)}]", new XElement(newer[i])));
            }
        }

        if (newer.Count > left)
        {
            operations.Add(Operation("add", path, [.. newer.Skip(left).Select(each => new XElement(each))]));
        }
    }

    /// <summary>Start of each <c>S</c> element, in ticks.</summary>
    private static List<long> Starts(List<XElement> timeline)
    {
        var (starts, next) = (new List<long>(timeline.Count), 0L);
        foreach (var each in timeline)
        {
            var start = (long?)each.Attribute("t") ?? next;
            starts.Add(start);
            next = start + ((long)each.Attribute("d")! * (((long?)each.Attribute("r") ?? 0) + 1));
        }

        return starts;
    }

    /// <summary>
    /// An element's children with the selector step of each: by <c>@id</c> where it identifies the element, otherwise by position among
    /// elements of the same name.
    /// </summary>
    private static List<(string Key, XElement Child)> Keyed(XElement element)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var keyed = new List<(string, XElement)>();
        foreach (var child in element.Elements())
        {
            var name = child.Name.LocalName;
            var position = counts[name] = counts.GetValueOrDefault(name) + 1;
            var id = name is "Period" or "AdaptationSet" or "Representation" ? (string?)child.Attribute("id") : null;
            keyed.Add((id is null ? $"{name}[{Number(position)}]" : $"{name}[@id='{id}']", child));
        }

        return keyed;
    }

    private static XElement Operation(string kind, string selector, params object[] content) =>
        new(Namespace + kind, new XAttribute("sel", selector), content);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
