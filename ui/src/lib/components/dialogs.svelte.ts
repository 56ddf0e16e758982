/** How many dialogs are open, so that what stands beside them can keep still meanwhile. */
class Dialogs {
  open = $state(0);
}

export const dialogs = new Dialogs();
