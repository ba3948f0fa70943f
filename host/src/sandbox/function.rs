//! Functions of guests: found when a provider is loaded, their types looked at once, called in every instance.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{AsContextMut, Error, Result, StoreContextMut};

use super::state::CallState;

/// What a function is called, and what it takes and gives.
pub(super) trait Signature {
    /// The interface that has it, with its version.
    const INTERFACE: &'static str;
    const NAME: &'static str;
    type Params<'a>: ComponentNamedList + Lower + Send + Sync;
    type Return: Lift + Send + Sync + 'static;
}

/// A function of one component. The bindings that wasmtime generates compare the types, record by record, in each
/// instance anew; but a component's types are its instances' types.
pub(super) struct Function<S> {
    index: ComponentExportIndex,
    is_of_type: AtomicBool,
    _signature: PhantomData<fn() -> S>,
}

impl<S: Signature> Function<S> {
    /// Finds it by its name.
    ///
    /// # Errors
    /// When the component does not export it.
    pub(super) fn find(pre: &InstancePre<CallState>) -> Result<Self> {
        let component = pre.component();
        let index = component
            .get_export_index(None, S::INTERFACE)
            .and_then(|interface| component.get_export_index(Some(&interface), S::NAME))
            .ok_or_else(|| Error::msg(format!("`{}` has no function `{}`", S::INTERFACE, S::NAME)))?;
        Ok(Self { index, is_of_type: AtomicBool::new(false), _signature: PhantomData })
    }

    /// The function in an instance of its component.
    ///
    /// # Errors
    /// When it is of another type, or the instance another component's.
    #[expect(unsafe_code, reason = "comparing the types again costs as much as the call itself")]
    pub(super) fn of<'a>(
        &self,
        mut store: impl AsContextMut<Data = CallState>,
        instance: &Instance,
    ) -> Result<TypedFunc<S::Params<'a>, (S::Return,)>> {
        let found = instance.get_func(&mut store, self.index);
        let function = found.ok_or_else(|| Error::msg(format!("the instance has no function `{}`", S::NAME)))?;
        if !self.is_of_type.load(Ordering::Relaxed) {
            function.typed::<S::Params<'a>, (S::Return,)>(&store)?;
            self.is_of_type.store(true, Ordering::Relaxed);
        }
        // SAFETY: the function with this index has been found to be of this very type, here or earlier. The index is that
        // of one component: in an instance of any other it finds nothing. No type of a signature depends on what an
        // instance is linked to.
        Ok(unsafe { TypedFunc::new_unchecked(function) })
    }

    /// Calls it in an instance of its component.
    ///
    /// # Errors
    /// When the guest traps, or is ended; see [`Function::of`] for the rest.
    pub(super) async fn call(
        &self,
        mut store: StoreContextMut<'_, CallState>,
        instance: &Instance,
        params: S::Params<'_>,
    ) -> Result<S::Return> {
        let function = self.of(&mut store, instance)?;
        Ok(function.call_async(store, params).await?.0)
    }
}
