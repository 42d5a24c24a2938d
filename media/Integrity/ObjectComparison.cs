using Broadcast.Media.Objects;

namespace Broadcast.Media.Integrity;

/// <summary>An existing object, or a spool file that will become one.</summary>
/// <param name="Length">Size in bytes.</param>
/// <param name="Written">Time of the last write.</param>
/// <param name="IsStored">Whether the object store has the object.</param>
/// <param name="IsOpen">Whether it is a spool file that is not sealed.</param>
public readonly record struct FoundObject(long Length, DateTimeOffset Written, bool IsStored, bool IsOpen);

/// <summary>Difference between an existing object and its announcement.</summary>
public enum ObjectDifference
{
    /// <summary>No difference.</summary>
    None,

    /// <summary>The object does not exist.</summary>
    Missing,

    /// <summary>The object has another length.</summary>
    WrongLength,
}

/// <summary>
/// Compares the existing objects in one session folder with those that its timeline announces. After all announced objects have been looked
/// up, the remaining objects are unreferenced. Pure.
/// </summary>
/// <param name="found">Existing objects by name; announced objects are removed on lookup.</param>
/// <param name="isOver">Whether the session has ended, so that no object grows.</param>
public sealed class ObjectComparison(Dictionary<ObjectName, FoundObject> found, bool isOver)
{
    private readonly HashSet<ObjectName> _sharedImages = [];

    /// <summary>Existing objects that no announcement has referenced so far.</summary>
    public IReadOnlyDictionary<ObjectName, FoundObject> Unreferenced => found;

    /// <summary>Compares an announced object with the existing one.</summary>
    /// <param name="expected">The announced object.</param>
    /// <param name="existing">The existing object, unless missing.</param>
    public ObjectDifference Compare(ExpectedObject expected, out FoundObject existing)
    {
        if (!found.Remove(expected.Name, out existing))
        {
            // Images at the edge of an index block may be announced by both neighbors.
            return _sharedImages.Contains(expected.Name) ? ObjectDifference.None : ObjectDifference.Missing;
        }

        if (expected.Kind is ObjectKind.SpriteSheet or ObjectKind.Poster)
        {
            _sharedImages.Add(expected.Name);
        }

        // Bytes that a crashed process wrote but did not announce stay in the spool file until recovery truncates it.
        var mayBeLonger = !isOver && !existing.IsStored && (expected.MayGrow || existing.IsOpen);
        return existing.Length == expected.Length || (mayBeLonger && existing.Length > expected.Length) ? ObjectDifference.None
            : ObjectDifference.WrongLength;
    }
}
